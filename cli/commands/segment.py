"""`nuqleus segment IMAGE… [--output DIR]`: no queue, no database."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import image_options, weights_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from model.labels.masks import LabelImage
    from model.reading import Plane
    from nuqleus.database.files.results import ImageResult
    from scheduler.scanner import Scan
    from worker.guess_log import GuessLog
    from worker.output_files import OutputFiles


@dataclass(frozen=True)
class InputFile:
    """An image file, and the name that its outputs begin with, relative to the output folder."""

    path: Path
    name: str


@dataclass(frozen=True)
class CountedNuclei:
    """Nuclei of a file, without counting any of them twice.

    Attributes:
        nuclei: in the planes that count: of each z-stack that with most nuclei, at the first time point.
        counted: number of these planes.
        planes: of all planes.
    """

    nuclei: int
    counted: int
    planes: int

    @classmethod
    def of(cls, planes: Mapping[tuple[int, int, int], int]) -> CountedNuclei:
        """Count the nuclei of planes by scene, t and z, as `nuqleus run` and its views do."""
        most: dict[tuple[int, int], int] = {}
        for (scene, t, _z), nuclei in planes.items():
            most[scene, t] = max(nuclei, most.get((scene, t), 0))
        first = min((t for _, t in most), default=0)
        counts = [nuclei for (_, t), nuclei in most.items() if t == first]
        return cls(sum(counts), len(counts), len(planes))


@click.command(name="segment")
@click.argument("images", metavar="IMAGE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    default="results",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.",
)
@weights_option("Weights to use instead of those that come with nuqleus.", envvar="NUQLEUS_WEIGHTS")
@image_options
def command(images: tuple[Path, ...], output: Path, weights: Path | None, **given: str | None) -> None:
    """Segment images directly; folders are searched, with all below them.

    Writes for each image IMAGE.label.tif (0 is background, 1 and up are nuclei), IMAGE.csv (a row for each nucleus:
    shape, and intensity in columns like intensity_mean-0, where 0 is the number of the channel) and
    IMAGE.overlay.png. Where a file holds several images, each has its own, called IMAGE.s0.t0.z0 and so on after
    scene, time point and z. A file that can't be read is reported, and the others go on; the exit status is then 1.

    Without --channel, nuclei are sought in the channel with the name of a nuclear stain (DAPI, Hoechst, …), else with
    its wavelength, else its colour; where there is none, the first is taken, and a line says so. Every channel is
    measured. Rules for folders (NUQLEUS_RULES) don't count here. What lies in a folder and is no image (tables,
    thumbnails, masks beside their images …) is ignored.
    """
    from cli.progress_bars import track_with_notes
    from nuqleus.rules import Rules
    from nuqleus.settings import get_settings
    from worker.factory import ensure_diameters_are_known, ensure_textures_can_be_measured, load_network
    from worker.guess_log import GuessLog
    from worker.pipeline import process

    settings = get_settings(weights=weights, **given)
    inputs = list(find_inputs(images, output))
    options = settings.image_options
    ensure_textures_can_be_measured(options)
    segmenter = load_network(settings.weights)
    ensure_diameters_are_known(segmenter, Rules(default=options))
    find = partial(process, segmenter=segmenter, image_options=options, max_pixels=settings.max_pixels)
    segment = partial(_segment, output=output, find=find, guesses=GuessLog())
    counts = [segment(file, note=note) for file, note in track_with_notes(inputs, "Segmenting")]
    done = [count for count in counts if count is not None]
    click.echo(_summary(done, len(inputs), output))
    if len(done) < len(inputs):
        raise SystemExit(1)


def _summary(done: Sequence[CountedNuclei], files: int, output: Path) -> str:
    counted, planes = sum(count.counted for count in done), sum(count.planes for count in done)
    which = (
        f" (in {counted:,} of {planes:,} planes: of a z-stack the one with most nuclei counts, of a time series the "
        "first time point; the tables have all)"
    )
    nuclei = sum(count.nuclei for count in done)
    return f"{nuclei} nuclei in {len(done)} of {files} files{which if counted < planes else ''}; see {output}"


def find_inputs(given: Sequence[Path], output: Path) -> Iterator[InputFile]:
    """Yield the files given, and those in the folders given, each once and under a name of its own."""
    taken: set[str] = set()
    seen: set[Path] = set()
    for path, name in _walk(given, output):
        if path.resolve() not in seen:
            seen.add(path.resolve())
            yield InputFile(path, _free_name(name, taken))


def _walk(given: Sequence[Path], output: Path) -> Iterator[tuple[Path, str]]:
    """Yield paths, with names relative to the folder given or, for a file, to its own."""
    from scheduler.image_folders import is_image_folder
    from scheduler.scanner import Scanner

    for path in given:
        if path.is_dir() and not is_image_folder(path.name, list(os.scandir(path))):
            scan = Scanner(path, [output]).scan()
            ignored = _ignored(path, scan)
            yield from ((path / name, name) for name in sorted(scan.files) if name not in ignored)
        else:
            yield path, path.name


def _ignored(folder: Path, scan: Scan) -> set[str]:
    """Return, and report, what lies in a folder and is no image."""
    from nuqleus.rules import Rules
    from scheduler.ignore_list import IgnoreList

    ignore_list = IgnoreList(Rules())
    kinds = {path: kind for path in scan.files if (kind := ignore_list.ignored_by(path, scan))}
    if kinds:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(kinds.values()).items()))
        click.echo(f"{len(kinds)} files in {folder} are ignored, being no images: {counts}.", err=True)
    return set(kinds)


def _free_name(name: str, taken: set[str]) -> str:
    """Return the name, or `a-2.png` where `a.png` is taken, and so on; case is ignored, as some file systems do."""
    path, number = Path(name), 1
    free = name
    while free.casefold() in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}").as_posix()
    taken.add(free.casefold())
    return free


def _segment(
    file: InputFile,
    output: Path,
    find: Callable[..., Iterator[ImageResult]],
    guesses: GuessLog,
    note: Callable[[str], None],
) -> CountedNuclei | None:
    """Process one file; returns its nuclei, or None if it failed."""
    from nuqleus.paths import printable
    from worker.output_files import OutputFiles

    try:
        with OutputFiles(output / file.name) as outputs:
            count = _write_images(file, find, guesses, outputs, note)
            outputs.publish()
            return count
    except click.ClickException:
        raise
    except Exception as error:
        click.echo(printable(f"{file.path}: {_reason(error)}"), err=True)
        return None


def _write_images(
    file: InputFile,
    find: Callable[..., Iterator[ImageResult]],
    guesses: GuessLog,
    outputs: OutputFiles,
    note: Callable[[str], None],
) -> CountedNuclei:
    def on_block(done: int, blocks: int) -> None:
        note(f"{file.name}: {done} of {blocks} blocks")

    planes = {}
    for result in find(file.path, on_image=partial(_write, outputs), on_block=on_block):
        guesses.note(file.name, result)
        planes[result.scene, result.t, result.z] = len(result.nuclei["label"])
    return CountedNuclei.of(planes)


def _write(outputs: OutputFiles, plane: Plane, labels: LabelImage, result: ImageResult) -> None:
    from model.labels import label_files
    from worker import csv_output
    from worker.output_files import OVERLAY, save_overlay

    try:
        outputs.add(plane, label_files.ENDING, partial(label_files.write_label_image, labels=labels))
        outputs.add(plane, csv_output.ENDING, partial(csv_output.save_table, result=result))
        outputs.add(plane, OVERLAY, partial(save_overlay, plane=plane, labels=labels))
    except OSError as error:  # what stops one file's results from being written stops all others
        raise click.ClickException(f"{outputs.target.parent} can't be written to: {error}") from error


def _reason(error: Exception) -> str:
    from worker.failures import describe_failure

    if isinstance(error, FileNotFoundError):
        return "There is no such file."
    return describe_failure(error, time_limit=0).message
