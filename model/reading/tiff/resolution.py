"""Resolution tags of a TIFF page."""

from tifffile import TiffPage

from model.reading.pixel_size import Resolution


def resolution(page: TiffPage) -> tuple[Resolution | None, Resolution | None]:
    """Return how many pixels of a page lie in how many units, in x and y; None where its tags don't say."""
    return _rational(page.tags.valueof("XResolution")), _rational(page.tags.valueof("YResolution"))


def _rational(value: object) -> Resolution | None:
    return value if isinstance(value, tuple) and len(value) == 2 and value[1] else None
