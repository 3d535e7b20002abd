"""Image series: the series of a TIFF that are images, no thumbnails, labels, masks, levels of pyramids."""

import re
from functools import partial

from tifffile import TiffFile, TiffPageSeries

from model.reading.metadata import value_or_default
from model.reading.tiff.page_names import PAGE_NAME
from model.reading.tiff.reduced_copies import drop_reduced_copies
from model.reading.tiff.slide_scanners import scn_overviews

Numbered = list[tuple[int, TiffPageSeries]]
"""Series, with their numbers in the file."""

EXTRA_PICTURES = re.compile(
    r"(?P<before>.*[^a-z])??(thumb(nail)?|label|macro|overview|slide[ _-]?preview|preview|map|reference"
    r"|navigation|barcode|probability)([ _-]?image)?[ _-]*(\d*|\d+x\d+)",
    re.IGNORECASE,
)
"""Names of pictures beside the scan: slide scanners' (`Label`), and converted files' (`slide.czi macro image`)."""

LONGEST_NAME = 80
"""Longer descriptions are no names."""

FAR_SMALLER = 4
"""So many times fewer pixels than the scan a picture has whose name says more than that."""


def image_series(tif: TiffFile) -> Numbered:
    """Return the series that are images, numbered as in the file."""
    series = [(i, one) for i, base in enumerate(_all_series(tif)) for one in (base, *_unmarked_levels(base))]
    images = [(i, one) for i, one in series if not _is_marked(one)]
    images = _without_extra_pictures(tif, images) or _full_sizes_below(series[:1])
    return drop_reduced_copies(tif, images) if len(images) > 1 else images


def _all_series(tif: TiffFile) -> list[TiffPageSeries]:
    try:
        return tif.series
    except RuntimeError:  # many pages, of which only a few are compared first, and one is different
        tif.is_uniform = False
        return tif.series


def _unmarked_levels(series: TiffPageSeries) -> list[TiffPageSeries]:
    """Return what tifffile takes for levels of a pyramid by their size alone."""
    if series.kind != "generic":
        return []
    return [
        level for level in series.levels[1:] if not (level.keyframe.is_reduced or level.keyframe.is_subifd)
    ]


def _is_marked(series: TiffPageSeries) -> bool:
    """Whether a series is marked as a reduced copy or a mask."""
    return bool(series.keyframe.is_reduced or series.keyframe.is_mask)


def _without_extra_pictures(tif: TiffFile, images: Numbered) -> Numbered:
    """Leave out pictures beside the scan, by their names and sizes, unless there is nothing else."""
    largest = max((_pixels(one) for _, one in images), default=0)
    overviews = scn_overviews(tif) if tif.is_scn else set()
    scans = [
        (i, one)
        for i, one in images
        if not _is_extra_picture(one, largest) and one.keyframe.index not in overviews
    ]
    return scans or images


def _is_extra_picture(series: TiffPageSeries, largest: int) -> bool:
    found = (EXTRA_PICTURES.fullmatch(name) for name in _names(series))
    named = next((match for match in found if match), None)
    return named is not None and _pixels(series) < largest / (FAR_SMALLER if named["before"] else 1)


def _names(series: TiffPageSeries) -> list[str]:
    """Return what a series is called; plain pages have but a description, of which the first line counts."""
    page = series.keyframe
    said = (series.name, page.description, page.tags.valueof(PAGE_NAME))
    lines = ((str(text or "").strip().splitlines() or [""])[0].strip() for text in said)
    return [line for line in lines if len(line) <= LONGEST_NAME]


def _pixels(series: TiffPageSeries) -> int:
    return int(series.keyframe.imagelength * series.keyframe.imagewidth)


def _full_sizes_below(reduced: Numbered) -> Numbered:
    """Return the largest page in the SubIFDs of a series that is but a thumbnail of it; else the series."""
    return [(i, value_or_default(partial(_largest_below, one), one)) for i, one in reduced]


def _largest_below(series: TiffPageSeries) -> TiffPageSeries:
    page = max(
        (series.keyframe, *(series.keyframe.pages or ())), key=lambda page: page.imagelength * page.imagewidth
    )
    return series if page is series.keyframe else TiffPageSeries([page], page.shape, page.dtype, page.axes)
