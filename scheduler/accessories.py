"""Accessories of images: files that are none themselves, by their names and by what lies beside them.

This is the one list of them; `docs/formats.md` shows the same, and a test compares the two. Only a name that says for
sure what a file is counts: whatever else can't be read fails with a reason, and isn't passed over in silence.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, takewhile
from pathlib import PurePosixPath

METADATA_ENDINGS = (
    # what microscopes and their programs write beside images
    *(".xml", ".companion.ome", ".htd", ".mlf", ".mrf", ".mes", ".wpi", ".wpp", ".xdce", ".mdb", ".kvt", ".nd"),
    *(".scan", ".czexp", ".czias", ".czipset", ".czmac", ".lifext", ".lmsinfo", ".pty", ".stg", ".scf"),
    # settings, records, tables
    *(".txt", ".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".log", ".db", ".md5", ".sha1"),
    *(".sha256", ".conf", ".config", ".properties", ".sqlite", ".sqlite3", ".parquet"),
    # documents
    *(".md", ".pdf", ".html", ".htm", ".rtf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx"),
    *(".odt", ".ods", ".odp", ".svg", ".eps"),
    # links to files and pages, that Windows, macOS and Linux keep as files
    *(".lnk", ".url", ".webloc", ".desktop"),
    # what other programs keep: regions, lookup tables, pipelines, scripts
    *(".roi", "roiset.zip", ".lut", ".ijm", ".cppipe", ".cpproj", ".qpdata", ".qpproj", ".ilp", ".groovy"),
    *(".py", ".ipynb", ".r", ".m", ".sh", ".bat"),
)  # fmt: skip
"""Ends of names of files that hold metadata, tables, settings or documents."""

IMAGE_ENDINGS = (
    *(".tif", ".tiff", ".btf", ".tf2", ".tf8", ".png", ".jpg", ".jpeg", ".bmp", ".czi", ".nd2", ".lif", ".lsm"),
    *(".stk", ".svs", ".qptiff", ".scn", ".ndpi", ".vsi", ".mrxs", ".oif", ".oib", ".dv", ".ims", ".dcm", ".ics"),
    ".zarr",
)  # fmt: skip
"""Ends of names of images that a mask or a thumbnail may belong to."""

MASK_WORDS = (
    *("cp_masks", "cp_outlines", "cp_flows", "cp_output", "flows", "seg", "outlines"),  # Cellpose
    *("simple segmentation", "probabilities", "object predictions", "object identities", "uncertainty"),  # ilastik
    *("label", "labels", "mask", "masks", "segmentation", "segmented", "instances"),
    *("objects", "prediction", "predictions", "stardist", "cellpose", "mesmer", "gt", "overlay", "annotations"),
)  # fmt: skip
"""Words of the names of masks; before them stand the name of the image, and `_`, `-`, `.` or a space."""

MASK_DETAILS = ("nuclei", "nucleus", "nuclear", "cell", "cells", "mip")
"""What may stand before or after these words: what is outlined, and in what. After them, a number may."""

MASK_BEGINNINGS = (
    "mask of", "mask", "masks", "seg", "segmentation", "label", "labels", "overlay", "outlines",
)  # fmt: skip
"""First words of the names of masks; the name of the image stands after them."""

MASK_FOLDERS = (
    "masks", "mask", "labels", "segmentation", "segmentations", "outlines", "cp_masks", "annotations",
)  # fmt: skip
"""Folders of masks: what lies in them has the names of images one folder up, or in a folder of images there."""

IMAGE_FOLDERS = ("images", "raw")

_METAXPRESS_THUMBNAIL = re.compile(r"(?P<image>.+)_thumb(nail)?[0-9a-f-]*\.[^.]+")
_THUMBNAIL = re.compile(r"(?P<image>.+)[\-. ]thumb(nail)?|thumb(nail)?[_\-. ](?P<image_after>.+)")
_NUMBER = re.compile("[0-9a-f-]*")
"""What MetaXpress puts at the end of each name, or nothing."""
_GAP = re.compile(r"[_\-. ]+")
_WORD, _DETAIL = (f"({'|'.join(words)})" for words in (MASK_WORDS, MASK_DETAILS))
_MASK_END = re.compile(
    rf"(data_)?({_DETAIL}{_GAP.pattern})*{_WORD}({_GAP.pattern}({_WORD}|{_DETAIL}))*({_GAP.pattern}\d+)?"
)
_MASK_BEGINNING = re.compile(rf"({'|'.join(MASK_BEGINNINGS)}){_GAP.pattern}(?P<image>.+)")
_MAY_BE_ACCESSORY = re.compile(
    "mask|label|seg|outline|prob|flow|output|predict|identities|uncertainty|instances|object|stardist|cellpose|mesmer"
    r"|[_\-. ]gt[_\-. ]|overlay|annotation|thumb|^[ds]c_"
)
"""Found in the names of all masks, thumbnails and flat fields; most other names are done with it."""

_OUTPUT = re.compile(
    rf".+({'|'.join(map(re.escape, IMAGE_ENDINGS))})(\.s\d+\.t\d+\.z\d+)?\.(label\.tif|overlay\.png)"
)
_CELLVOYAGER = re.compile(
    r"(.+_[a-z]{1,2}\d{2}_t\d{4}f\d{3}l\d{2}a\d{2}z\d{2}c\d{2}\.(tif|tiff|png)|measurementdata\.mlf)"
)
"""An image of a Yokogawa CellVoyager (`Plate_B02_T0001F001L01A01Z01C01.tif`), or the list of them."""


def comparable(name: str) -> str:
    """Return a name as names are compared: in lower case, and with one code for `ü`, which may be written as two."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name.lower())


class Siblings:
    """Names of all that lies in a folder, as they are compared.

    Args:
        names: in any order and case.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._set = set(map(comparable, names))
        self._names = sorted(self._set)

    def __contains__(self, name: object) -> bool:
        return name in self._set

    def images(self, beginning: str) -> Iterator[str]:
        """Names of images that begin like this."""
        begin = bisect_left(self._names, beginning)
        alike = takewhile(lambda name: name.startswith(beginning), islice(self._names, begin, None))
        return (name for name in alike if name.endswith(IMAGE_ENDINGS))

    @cached_property
    def are_of_cellvoyager(self) -> bool:
        """Whether the folder is one that a CellVoyager wrote."""
        return any(map(_CELLVOYAGER.fullmatch, self._names))


LookInto = Callable[[str], Siblings]
"""What lies in a folder, by its path; looked up only for names that depend on it."""


@dataclass(frozen=True)
class AccessoryKind:
    """A kind of accessory.

    Attributes:
        kind: short name, stored as `files.ignored_by`.
        what: what such files are, for people.
        fits: says of a folder's path, of a name in it (`comparable`), and of what lies in folders, whether it is one.
    """

    kind: str
    what: str
    fits: Callable[[str, str, LookInto], bool]


def _is_metadata(_folder: str, name: str, _look: LookInto) -> bool:
    return name.endswith(METADATA_ENDINGS)


def _is_output(_folder: str, name: str, _look: LookInto) -> bool:
    return name.endswith((".label.tif", ".overlay.png")) and _OUTPUT.fullmatch(name) is not None


def _is_thumbnail(folder: str, name: str, look: LookInto) -> bool:
    if "thumb" not in name:
        return False
    metaxpress, other = _METAXPRESS_THUMBNAIL.fullmatch(name), _THUMBNAIL.fullmatch(_stem(name))
    if metaxpress:
        return _has_numbered_image(metaxpress["image"], look(folder))
    return other is not None and _has_image(other["image"] or other["image_after"], look(folder), name)


def _has_numbered_image(image: str, siblings: Siblings) -> bool:
    """MetaXpress ends each name with a number of its own: `a_w1_thumbE94C….tif` lies beside `a_w12D17….tif`."""
    numbers = (other.removeprefix(image).partition(".")[0] for other in siblings.images(image))
    return any(map(_NUMBER.fullmatch, numbers))


def _is_flat_field(folder: str, name: str, look: LookInto) -> bool:
    """Elsewhere such a name may stand for dendritic cells or spinal cord."""
    return name.startswith(("dc_", "sc_")) and look(folder).are_of_cellvoyager


def _is_mask(folder: str, name: str, look: LookInto) -> bool:
    images = _images_of_mask(_stem(name)) if _MAY_BE_ACCESSORY.search(name) else []
    if any(_has_image(image, look(folder), name) for image in images):
        return True
    images.append(name.rpartition(".")[0])
    return any(_has_image(image, look(place)) for place in _image_folders(folder) for image in images)


def _images_of_mask(stem: str) -> list[str]:
    """Names that the image of a mask may have, if it is one: `a` and `a_nuclei` for `a_nuclei_mask`."""
    gaps = _GAP.finditer(stem, 1)
    images = [stem[: gap.start()] for gap in gaps if _MASK_END.fullmatch(stem, gap.end())]
    beginning = _MASK_BEGINNING.fullmatch(stem)
    return [*images, *([beginning["image"]] if beginning else [])]


def _stem(name: str) -> str:
    """Return a name without its ending; `.ome` belongs to that."""
    return name.rpartition(".")[0].removesuffix(".ome")


@lru_cache(maxsize=1024)
def _image_folders(folder: str) -> tuple[str, ...]:
    """Folders in which the images of a folder of masks, or of one within it, lie; none of any other folder."""
    path = PurePosixPath(folder)
    masks = next((place for place in (path, *path.parents) if place.name.lower() in MASK_FOLDERS), None)
    if masks is None:
        return ()
    homes = (masks.parent, *(masks.parent / name for name in IMAGE_FOLDERS))
    return tuple(_path_of(home / path.relative_to(masks)) for home in homes)


def _path_of(folder: PurePosixPath) -> str:
    """Return a folder's path; that of the watched folder is empty."""
    return "" if folder == PurePosixPath() else str(folder)


def _has_image(image: str, siblings: Siblings, accessory: str | None = None) -> bool:
    """Whether an image of this name lies there, with any ending or the one it has, that is no accessory itself."""
    alike = (name for name in siblings.images(f"{image}.") if name != accessory)
    named = any(not _MAY_BE_ACCESSORY.search(name[len(image) :]) for name in alike)
    return named or (image.endswith(IMAGE_ENDINGS) and image in siblings)


def folder_of(path: str) -> str:
    """Return the folder of a path; an empty name stands for the watched folder."""
    return path.rpartition("/")[0]


def is_image_name(name: str) -> bool:
    """Whether a name is one of an image that accessories may belong to."""
    return name.lower().endswith(IMAGE_ENDINGS) or name.lower().endswith(".mlf")


def possible_accessories(folder: str, names: Iterable[str]) -> list[str]:
    """Return the names in a folder that may be those of accessories told by what lies beside them; costs little."""
    if _image_folders(folder):
        return list(names)
    return [name for name in names if _MAY_BE_ACCESSORY.search(comparable(name))]


def accessory_folders(folder: str) -> Iterator[str]:
    """Return where accessories of the images in a folder may lie: in it, and in folders of masks."""
    yield folder
    parts = folder.split("/") if folder else []
    for depth in range(len(parts), -1, -1):
        home, inner = parts[:depth], parts[depth:]
        homes = [home, home[:-1]] if home and home[-1].lower() in IMAGE_FOLDERS else [home]
        yield from ("/".join((*place, name, *inner)) for place in homes for name in MASK_FOLDERS)


ACCESSORY_KINDS = (
    AccessoryKind("metadata", "metadata, tables, settings, documents", _is_metadata),
    AccessoryKind("output", "label images and overlays that nuqleus wrote", _is_output),
    AccessoryKind("thumbnail", "small copies of an image that lies beside them", _is_thumbnail),
    AccessoryKind("flat-field", "calibration of a CellVoyager", _is_flat_field),
    AccessoryKind("mask", "masks of an image that lies beside them", _is_mask),
)
"""The kinds, in the order in which they are tried."""

BESIDE_IMAGES = frozenset({"thumbnail", "flat-field", "mask"})
"""The kinds that are told by what lies beside them."""

DATA_FOLDER = "data-folder"
"""Reason for a folder in which a file beside it keeps its pixels."""


def accessory_kind(path: str, look: LookInto) -> str | None:
    """Say what kind of accessory a file is; None for an image, or what may be one.

    Args:
        path: relative to the watched folder, with `/`.
        look: what lies in a folder.
    """
    folder, name = folder_of(path), comparable(PurePosixPath(path).name)
    return next((accessory.kind for accessory in ACCESSORY_KINDS if accessory.fits(folder, name, look)), None)
