"""Kinds of samples: what a TIFF page calls red, green, blue and alpha may be channels.

Libraries mark what they are given without asking: tifffile calls three or four planes an RGB image, and the fourth
sample alpha, whatever they are. Where the file doesn't say more, the values decide, the same for every number of bits;
what was decided is logged.
"""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tifffile import PHOTOMETRIC, PLANARCONFIG, TiffFile, TiffPage, TiffPageSeries

from model.arrays import AnyArray
from model.reading.metadata import value_or_default
from model.reading.sample_content import is_alpha, is_bright
from model.reading.tiff.layout import CHANNEL, SAMPLE, axes_of
from model.reading.tiff.page_samples import PageSamples, can_be_sampled

log = logging.getLogger(__name__)

ALPHA = (1, 2)
"""Extra samples that are marked as alpha; others are channels."""


@dataclass(frozen=True)
class SampleKinds:
    """What the samples of a page are.

    Attributes:
        alpha: numbers of those that say how opaque a pixel is.
        are_channels: red, green and blue (and alpha) are channels.
    """

    alpha: tuple[int, ...]
    are_channels: bool


def sample_kinds(path: Path, tif: TiffFile, series: TiffPageSeries) -> SampleKinds:
    """Say what the samples of a series are, and log what was decided by their values."""
    page = series.keyframe
    marked = _marked_alpha(page)
    if _are_said_channels(page, axes_of(series)):
        return SampleKinds(marked, are_channels=True)
    is_planar = _is_planar_rgb(page) and not (tif.is_imagej or tif.is_ome)
    values = value_or_default(partial(_some_samples, tif, page), None) if marked or is_planar else None
    alpha = marked if values is None else tuple(i for i in marked if is_alpha(values[:, i]))
    if len(alpha) < len(marked):
        log.warning(
            "%s has a sample that is marked as alpha (how opaque a pixel is), as tifffile marks the fourth of an array "
            "unasked, but its values are those of an image: taken for a channel, and so are the others.",
            path,
        )
    return SampleKinds(alpha, are_channels=is_planar and _planes_are_channels(path, page, values, alpha))


def _planes_are_channels(path: Path, page: TiffPage, values: AnyArray | None, alpha: tuple[int, ...]) -> bool:
    """Whether planar RGB is channels; a picture by transmitted light, or with an alpha, is a colour image."""
    colours = None if values is None else values[:, :3]
    if colours is not None and (is_bright(colours) or any(values[:, i].max() > 0 for i in alpha)):  # type: ignore[index]
        log.warning("%s is marked as planar RGB, and looks like a picture: taken for a colour image.", path)
        return False
    log.warning(
        "%s is marked as planar RGB, as tifffile marks an array of channels unless it is told their axes, and is dark "
        "like fluorescence: taken for %d channels, not for colour.",
        path,
        page.samplesperpixel,
    )
    return True


def _are_said_channels(page: TiffPage, axes: str) -> bool:
    """Whether the axes of a series say that its samples are channels."""
    within = axes[-len(page.axes) :]
    is_rgb = page.photometric == PHOTOMETRIC.RGB and SAMPLE in page.axes
    return is_rgb and within != page.axes and within.replace(CHANNEL, SAMPLE) == page.axes


def _is_planar_rgb(page: TiffPage) -> bool:
    return bool(
        page.photometric == PHOTOMETRIC.RGB
        and SAMPLE in page.axes
        and page.planarconfig == PLANARCONFIG.SEPARATE
    )


def _marked_alpha(page: TiffPage) -> tuple[int, ...]:
    colours = page.samplesperpixel - len(page.extrasamples)
    return tuple(colours + i for i, kind in enumerate(page.extrasamples) if kind in ALPHA)


def _some_samples(tif: TiffFile, page: TiffPage) -> AnyArray | None:
    return PageSamples(tif, page).some() if can_be_sampled(page) else None
