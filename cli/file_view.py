"""File view: what became of a file, and why, in a few lines for a person."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nuqleus.database.file_states import FileState
from nuqleus.database.named_plates import known_plates
from nuqleus.database.plate_warnings import plate_warnings_of
from nuqleus.database.queries.file_details import ChosenChannel, FileDetails, Range, get_file
from nuqleus.database.queries.folder_details import FolderDetails, get_folder
from nuqleus.paths import escape_path, printable
from scheduler.candidates import is_candidate, is_searched
from scheduler.ignore_list import REASONS
from scheduler.plates.patterns import PATTERN
from scheduler.plates.plate_map_files import is_plate_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

CHOSEN_BY = {
    "only": "the only one",
    "name": "by its name",
    "setting": "named by --channel or NUQLEUS_CHANNEL",
    "rule": "named by a rule",
    "wavelength": "by its wavelength",
    "colour": "by its colour",
    "guess": "GUESSED: none speaks of nuclei, or several do alike; choose with --channel or a rule",
}
"""How a nuclear channel was chosen, for people."""

PLATES_SHOWN = 20
"""Of a folder."""


def explain_file(engine: Engine, paths: Sequence[str]) -> str:
    """Say what a file is and why, or what a folder holds.

    Args:
        engine: the database.
        paths: what the file may be called there, the likeliest first.
    """
    found = get_file(engine, paths) or _find_folder_image(engine, paths)
    folder = None if found else get_folder(engine, paths)
    if found:
        lines = [f"{escape_path(found.path)}: {_state(engine, found)}", *_images(found)]
    elif folder:
        lines = list(_folder(folder))
    else:
        return f"{escape_path(paths[0])}: {_why_unknown(paths[0])}"
    return "\n".join([*lines, *(f"  CHECK: {one.message}" for one in plate_warnings_of(engine, paths))])


def _folder(folder: FolderDetails) -> Iterator[str]:
    counts = ", ".join(f"{folder.counts[state]:,} {state}" for state in FileState if folder.counts.get(state))
    yield f"{escape_path(folder.path)}: a folder; of its files, {counts or 'none is there any more'}"
    if folder.gone:
        yield f"  not there any more: {folder.gone:,}"
    for name, convention in folder.plates[:PLATES_SHOWN]:
        yield f"  plate: {printable(name)}, named by {'a rule' if convention == PATTERN else convention}"
    if len(folder.plates) > PLATES_SHOWN:
        yield f"  and {len(folder.plates) - PLATES_SHOWN:,} more plates"


def _state(engine: Engine, file: FileDetails) -> str:
    match file.state:
        case FileState.IGNORED if is_plate_map(file.path):
            return _plate_map(engine, file.path)
        case FileState.IGNORED:
            return f"ignored: {file.ignored_by} ({REASONS.get(file.ignored_by or '', 'an unknown reason')})"
        case FileState.FAILED:
            return f"failed: {file.error_kind}: {file.error}"
        case FileState.DUPLICATE:
            return f"duplicate of {escape_path(file.duplicate_of or '')}, whose results count"
        case FileState.COMPANION:
            return f"companion of {escape_path(file.companion_of or '')}, the field of which is {_field_state(file)}"
    return file.state.value


def _plate_map(engine: Engine, path: str) -> str:
    """Whose plate map a file is."""
    plates = [plate for plate in known_plates(engine) if plate.folder == path.rpartition("/")[0]]
    said = [plate.name for plate in plates if plate.plate_map and plate.plate_map.startswith(f"{path}, ")]
    if said:
        return f"the plate map of {', '.join(map(printable, said))}"
    if plates:
        return "a plate map, of which nothing is taken so far"
    return "a plate map, and no plate has its folder here so far: that is the folder above TimePoint_1/ or Images/"


def _field_state(file: FileDetails) -> str:
    failed = f": {file.error_kind}: {file.error}" if file.field_state is FileState.FAILED else ""
    return f"{file.field_state}{failed}"


def _images(file: FileDetails) -> Iterator[str]:
    if file.images:
        yield f"  images: {file.images}"
    for chosen in file.nuclear_channels:
        yield f"  nuclear channel: {_channel(chosen)}, {CHOSEN_BY.get(chosen.by, chosen.by)}"
    if file.pixel_sizes:
        yield f"  pixel size from: {', '.join(file.pixel_sizes)}"
    if file.nuclear_diameter:
        yield f"  nuclei: about {_range(file.nuclear_diameter, '.0f')} pixels wide"
    if file.zoom:
        yield f"  zoom: {_range(file.zoom, '.2g')}"
    if file.confidence:
        yield f"  confidence: {_range(file.confidence, '.2f')}"


def _range(values: Range, digits: str) -> str:
    lowest, highest = (format(value, digits) for value in values)
    return lowest if lowest == highest else f"{lowest} to {highest}"


def _channel(chosen: ChosenChannel) -> str:
    """`channel 2 (DAPI)`."""
    if chosen.number is None:
        return "none: a colour image, seen as a whole"
    return f"channel {chosen.number}" + (f" ({printable(chosen.name)})" if chosen.name else "")


def _find_folder_image(engine: Engine, paths: Sequence[str]) -> FileDetails | None:
    """The folder that is one thing, of which a path is a part."""
    parents = (str(parent) for path in paths for parent in PurePosixPath(path).parents)
    return get_file(engine, [parent for parent in parents if parent != "."])


def _why_unknown(path: str) -> str:
    *folders, name = PurePosixPath(path).parts
    if not is_candidate(name) or not all(map(is_searched, folders)):
        return (
            "passed over: by its name, a hidden or unfinished file, or one that an operating system or a storage "
            "device keeps"
        )
    return "not known: no such file in the watched folder, or it hasn't been scanned since the file came"
