"""`nuqleus export --output DIR --format csv,labels`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import database_option

if TYPE_CHECKING:
    from model.labels.masks import LazyLabelImage
    from nuqleus.database.queries.snapshot import Snapshot, StoredImage

FORMATS = ("csv", "labels")


class Formats(click.ParamType[tuple[str, ...]]):
    """Some of FORMATS, separated by commas."""

    name = "list"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """`csv,labels` → (`csv`, `labels`)."""
        chosen = tuple(part.strip() for part in value.split(","))
        for unknown in set(chosen) - set(FORMATS):
            self.fail(f"there is no format {unknown!r}; choose from {', '.join(FORMATS)}", param, ctx)
        return chosen


@click.command(name="export")
@click.option(
    "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to write."
)
@click.option("--format", "formats", type=Formats(), default=",".join(FORMATS), show_default=True)
@database_option()
def command(output: Path, formats: tuple[str, ...], database_url: str | None) -> None:
    """Write tables and label images out of the database.

    csv: images.csv has a row for each image, nuclei.csv one for each nucleus, with its intensities in columns like
    intensity_mean-0, where 0 is the number of the channel.

    labels: a TIFF for each image, at labels/ and the file's path plus .label.tif (0 is background, 1 and up are the
    nuclei of nuclei.csv). Where a file holds several images, each has its own, called FILE.s0.t0.z0.label.tif after
    scene, time point and z.

    Duplicates are written out like the file that they duplicate. What is there already is replaced.
    """
    from nuqleus.database.engine import existing_database
    from nuqleus.database.queries.snapshot import snapshot
    from nuqleus.settings import get_settings

    url = get_settings(database_url=database_url).database_url
    with existing_database(url) as engine, snapshot(engine) as results:
        output.mkdir(parents=True, exist_ok=True)
        if "csv" in formats:
            _write_tables(results, output)
        if "labels" in formats:
            _write_labels(results, output / "labels")


def _write_tables(results: Snapshot, output: Path) -> None:
    from nuqleus.csv_files import write_csv
    from nuqleus.database.queries.snapshot import IMAGE_COLUMNS, nucleus_columns

    images = write_csv(output / "images.csv", IMAGE_COLUMNS, results.images())
    nuclei = write_csv(output / "nuclei.csv", nucleus_columns(results.channels()), results.nuclei())
    click.echo(f"{images} rows in {output / 'images.csv'}, {nuclei} rows in {output / 'nuclei.csv'}")


def _write_labels(results: Snapshot, folder: Path) -> None:
    from model.labels.label_files import write_label_image
    from nuqleus.errors import UnsafePath
    from nuqleus.paths import escape_path

    written, problems = 0, []
    for image in results.label_images():
        try:
            path = _label_file(folder, image)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_label_image(path, _mask(results, image))
            written += 1
        except (OSError, UnsafePath) as error:
            problems.append(f"{escape_path(image.path)}: {error}")
    click.echo(f"{written} label images in {folder}")
    if problems:
        raise click.ClickException("these label images couldn't be written:\n" + "\n".join(problems))


def _label_file(folder: Path, image: StoredImage) -> Path:
    from model.labels.label_files import ENDING
    from nuqleus.paths import safe_join

    plane = f".s{image.scene}.t{image.t}.z{image.z}" if image.images_in_file > 1 else ""
    return Path(safe_join(folder, f"{image.path}{plane}{ENDING}"))


def _mask(results: Snapshot, image: StoredImage) -> LazyLabelImage:
    from model.labels.masks import LazyLabelImage, MaskBlock

    blocks = (MaskBlock(**block) for block in results.mask_blocks(image.image_id))
    return LazyLabelImage(blocks, image.height, image.width)
