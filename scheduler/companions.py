"""Companions of images: files that are none themselves, by their names and by what lies beside them.

This is the one list of them; `docs/formats.md` shows the same, and a test compares the two. Only a name that says for
sure what a file is counts: whatever else can't be read fails with a reason, and isn't passed over in silence.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile
from pathlib import PurePosixPath

METADATA_ENDINGS = (
    # what microscopes and their programs write beside images
    *(".xml", ".htd", ".mlf", ".mrf", ".mes", ".wpi", ".wpp", ".xdce", ".mdb", ".kvt", ".nd", ".scan"),
    # settings, records, tables
    *(".txt", ".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".log", ".db", ".md5", ".sha256"),
    # documents
    *(".md", ".pdf", ".html", ".htm", ".rtf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx"),
    # what other programs keep: regions, pipelines
    *(".roi", ".ijm", ".cppipe", ".cpproj", ".qpdata"),
)  # fmt: skip
"""Ends of names of files that hold metadata, tables, settings or documents."""

IMAGE_ENDINGS = (
    *(".tif", ".tiff", ".btf", ".tf2", ".tf8", ".png", ".jpg", ".jpeg", ".bmp", ".czi", ".nd2", ".lif", ".lsm"),
    *(".stk", ".svs", ".qptiff", ".scn", ".ndpi", ".vsi", ".mrxs", ".oif", ".oib", ".dv", ".ims", ".dcm", ".ics"),
    ".zarr",
)  # fmt: skip
"""Ends of names of images that a mask or a thumbnail may belong to."""

MASK_ENDS = (
    *("_cp_masks", "_cp_outlines", "_cp_flows", "_seg"),  # Cellpose
    *("_label", "_labels", "_mask", "_masks"),
)
"""Ends of the names of masks, but for their ending; before it stands the name of the image that a mask is of."""

_THUMBNAIL = re.compile(r"(?P<image>.+)_thumb(nail)?[0-9a-f-]*\.[^.]+")
_NUMBER = re.compile("[0-9a-f-]*")
"""What MetaXpress puts at the end of each name, or nothing."""
_MASK = re.compile(rf"(?P<image>.+?)({'|'.join(MASK_ENDS)})\.[^.]+")
_OUTPUT = re.compile(
    rf".+({'|'.join(map(re.escape, IMAGE_ENDINGS))})(\.s\d+\.t\d+\.z\d+)?\.(label\.tif|overlay\.png)"
)
_CELLVOYAGER = re.compile(
    r"(.+_[a-z]{1,2}\d{2}_t\d{4}f\d{3}l\d{2}a\d{2}z\d{2}c\d{2}\.(tif|tiff|png)|measurementdata\.mlf)"
)
"""An image of a Yokogawa CellVoyager (`Plate_B02_T0001F001L01A01Z01C01.tif`), or the list of them."""


class Siblings:
    """Names of all that lies in a folder, in lower case.

    Args:
        names: in any order and case.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._set = {name.lower() for name in names}
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


LookBeside = Callable[[], Siblings]
"""What lies in a file's folder; looked up only for names that depend on it."""


@dataclass(frozen=True)
class Companion:
    """A kind of companion.

    Attributes:
        kind: short name, stored as `files.ignored_by`.
        what: what such files are, for people.
        fits: says of a name in lower case, and of what lies beside it, whether it is one.
    """

    kind: str
    what: str
    fits: Callable[[str, LookBeside], bool]


def _is_metadata(name: str, _beside: LookBeside) -> bool:
    return name.endswith(METADATA_ENDINGS)


def _is_output(name: str, _beside: LookBeside) -> bool:
    return _OUTPUT.fullmatch(name) is not None


def _is_thumbnail(name: str, beside: LookBeside) -> bool:
    """MetaXpress ends each name with a number of its own: `a_w1_thumbE94C….tif` lies beside `a_w12D17….tif`."""
    thumbnail = _THUMBNAIL.fullmatch(name)
    if thumbnail is None:
        return False
    image = thumbnail["image"]
    numbers = (other.removeprefix(image).partition(".")[0] for other in beside().images(image))
    return any(map(_NUMBER.fullmatch, numbers))


def _is_flat_field(name: str, beside: LookBeside) -> bool:
    """Elsewhere such a name may stand for dendritic cells or spinal cord."""
    return name.startswith(("dc_", "sc_")) and beside().are_of_cellvoyager


def _is_mask(name: str, beside: LookBeside) -> bool:
    mask = _MASK.fullmatch(name)
    if mask is None:
        return False
    image, siblings = mask["image"], beside()
    return any(siblings.images(f"{image}.")) or (image.endswith(IMAGE_ENDINGS) and image in siblings)


COMPANIONS = (
    Companion("metadata", "metadata, tables, settings, documents", _is_metadata),
    Companion("output", "label images and overlays that nuqleus wrote", _is_output),
    Companion("thumbnail", "small copies of an image that lies beside them", _is_thumbnail),
    Companion("flat-field", "calibration of a CellVoyager", _is_flat_field),
    Companion("mask", "masks of an image that lies beside them", _is_mask),
)
"""The kinds, in the order in which they are tried."""

DATA_FOLDER = "data-folder"
"""Reason for a folder in which a file beside it keeps its pixels."""


def companion_kind(path: str, beside: LookBeside) -> str | None:
    """Say what kind of companion a file is; None for an image, or what may be one.

    Args:
        path: relative to the watched folder, with `/`.
        beside: what lies in its folder.
    """
    name = PurePosixPath(path).name.lower()
    return next((companion.kind for companion in COMPANIONS if companion.fits(name, beside)), None)
