"""`nuqleus export --output DIR --format csv,labels,…`."""

from __future__ import annotations

import math
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import database_option, input_option
from cli.stored_paths import stored_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cli.exports.exporter import Exporter
    from nuqleus.database.queries.snapshot import Snapshot

FORMATS = ("csv", "labels", "geojson", "rois", "parquet", "coco", "cpa", "ome-zarr", "anndata")
"""Each is a module of `cli.exports`."""

DEFAULT_FORMATS = ("csv", "labels")

PROFILES = ("cellprofiler",)
"""Names of columns that parquet can have."""


class Formats(click.ParamType[tuple[str, ...]]):
    """Some of FORMATS, separated by commas."""

    name = "list"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """`csv,labels` → (`csv`, `labels`)."""
        chosen = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
        for unknown in set(chosen) - set(FORMATS):
            self.fail(f"there is no format {unknown!r}; choose from {', '.join(FORMATS)}", param, ctx)
        return chosen


@click.command(name="export")
@click.option(
    "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to write."
)
@click.option(
    "--format",
    "formats",
    type=Formats(),
    default=",".join(DEFAULT_FORMATS),
    show_default=True,
    help=f"Of {', '.join(FORMATS)}.",
)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    help="Name the columns of parquet as another program does, in cellprofiler.parquet.",
)
@click.option(
    "--cells",
    is_flag=True,
    help="In geojson, put each nucleus into a cell that reaches as far as its ring.",
)
@click.option(
    "--path",
    "paths",
    metavar="PATH",
    multiple=True,
    help="Only results of this file, or of the files in this folder; several: all of them.",
)
@click.option(
    "--since",
    type=click.DateTime(),
    help="Only results of files that were processed then or later, in local time.",
)
@click.option(
    "--plate",
    "plates",
    metavar="NAME",
    multiple=True,
    help="Only results in wells of this plate, by its name or as folder/name; several: all of them.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    help="Only nuclei of which the network was at least as sure. Of images and wells, all nuclei are counted.",
)
@input_option()
@database_option()
def command(
    output: Path,
    formats: tuple[str, ...],
    profile: str | None,
    cells: bool,
    paths: tuple[str, ...],
    since: datetime | None,
    plates: tuple[str, ...],
    min_confidence: float | None,
    input_dir: Path | None,
    database_url: str | None,
) -> None:
    """Write tables, label images and outlines out of the database.

    csv: images.csv has a row for each image, nuclei.csv one for each nucleus, with its intensities in columns like
    intensity_mean-0, where 0 is the number of the channel.

    labels: a TIFF for each image, at labels/ and the file's path plus .label.tif (0 is background, 1 and up are the
    nuclei of nuclei.csv). Where a file holds several images, each has its own, called FILE.s0.t0.z0.label.tif after
    scene, time point and z.

    geojson: the outlines with their measurements for QuPath, at geojson/ and the file's path plus .geojson.gz; with
    --cells, cells with their nuclei.

    rois: the outlines for the ROI Manager of Fiji and ImageJ, at rois/ and the file's path plus .rois.zip.

    parquet: images.parquet and nuclei.parquet, with the columns of csv; with --profile cellprofiler, single-cell
    profiles for Pycytominer in place of the latter.

    coco: coco.json, with the mask of each nucleus as COCO has it.

    cpa: a folder cpa/, whose nuclei.properties CellProfiler Analyst opens.

    ome-zarr: the label images as labels of OME-Zarr 0.4, at ome-zarr/ and the file's path plus .ome.zarr.

    anndata: nuclei.h5ad, whose obs say which nucleus it is, and X what was measured of it.

    Duplicates are written out like the file that they duplicate, and so are files that are no longer in the watched
    folder, until `nuqleus forget` deletes their results. What is there already is replaced.

    A PATH is one of the file system, or one as `nuqleus status` shows it, relative to the watched folder.
    """
    if min_confidence is not None and math.isnan(min_confidence):
        raise click.UsageError("--min-confidence is a number from 0 to 1")
    exporters = _load_exporters(formats, profile, cells=cells)
    from nuqleus.database.engine import existing_database
    from nuqleus.database.named_plates import find_plate_named
    from nuqleus.database.queries.selection import Selection
    from nuqleus.database.queries.snapshot import snapshot
    from nuqleus.settings import get_settings

    settings = get_settings(input_dir=input_dir, database_url=database_url)
    places = {path: stored_paths(path, settings.input_dir) for path in paths}
    since_when = None if since is None else since.timestamp()
    with existing_database(settings.database_url) as engine, ExitStack() as stack:
        on_plates = {name: find_plate_named(engine, name).id for name in plates}
        selection = Selection(_paths_at(places), since_when, list(on_plates.values()) or None, min_confidence)
        results = stack.enter_context(snapshot(engine, selection))
        _check_output(output, settings.input_dir, results.watched_folder())
        _check_places(results, places)
        _check_plates(results, on_plates)
        problems = _write(results, exporters, output)
    if problems:
        raise click.ClickException("these files couldn't be written:\n" + "\n".join(problems))


def _load_exporters(formats: Sequence[str], profile: str | None, *, cells: bool) -> list[Exporter]:
    from cli.exports.exporter import load_exporter

    if profile and "parquet" not in formats:
        raise click.UsageError("--profile is for --format parquet")
    if cells and "geojson" not in formats:
        raise click.UsageError("--cells is for --format geojson")
    variants = {"parquet": profile, "geojson": "cells" if cells else None}
    return [load_exporter(name, variants.get(name)) for name in formats]


def _write(results: Snapshot, exporters: Iterable[Exporter], output: Path) -> list[str]:
    """Write all formats and say what was written; returns what went wrong."""
    from cli.caveats import describe_gone

    output.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    for export in exporters:
        written = export(results, output)
        click.echo(written.sentence)
        problems.extend(written.problems)
    if gone := results.gone_file_count():
        click.echo(describe_gone(gone))
    return problems


def _paths_at(places: Mapping[str, list[str] | None]) -> list[str] | None:
    """Return what is at all of the places together; None for everything."""
    known = [candidates for candidates in places.values() if candidates is not None]
    everywhere = not places or len(known) < len(places)
    return None if everywhere else [path for candidates in known for path in candidates]


def _check_output(output: Path, *watched: Path | str | None) -> None:
    """Refuse to write where images are sought, also by a link: label images would be processed as well."""
    places = [output, *output.iterdir()] if output.is_dir() else [output]
    for place, folder in product(places, watched):
        if folder is not None and place.resolve().is_relative_to(Path(folder).resolve()):
            raise click.ClickException(f"{place} lies in the watched folder {folder}: write somewhere else")


def _check_places(results: Snapshot, places: Mapping[str, list[str] | None]) -> None:
    """Refuse places without results: a mistyped one would be missed in silence."""
    missed = [path for path, candidates in places.items() if not results.at(candidates).image_count()]
    if missed:
        raise click.ClickException(f"there are no results to export at {', '.join(map(repr, missed))}")


def _check_plates(results: Snapshot, plates: Mapping[str, int]) -> None:
    """Refuse plates without results, likewise."""
    missed = [name for name, plate_id in plates.items() if not results.on_plate(plate_id).image_count()]
    if missed:
        raise click.ClickException(
            f"there are no results to export of the plate {', '.join(map(repr, missed))}"
        )
