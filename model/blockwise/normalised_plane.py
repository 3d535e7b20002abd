"""A plane of any size whose intensities are normalised part by part, as `normalise` would the whole."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from model.arrays import FloatImage, PixelArray, Region
from model.preprocessing.normalisation import Normalisation, fit_normalisation, sample_step
from model.reading import Plane
from model.reading.channels import nuclear_pixels
from model.reading.plane import Pixels
from model.segmentation.windows import SampledImage

BAND_ROWS = 1024
"""Rows that are read together where every pixel of a plane must be seen once."""


@dataclass(frozen=True)
class NormalisedPlane:
    """A plane and its normalisation. Its pixels are read three times: for that, by windows, and by blocks.

    Attributes:
        plane: knows its nuclear channel.
    """

    plane: Plane

    @property
    def pixels(self) -> Pixels:
        """As the file has them: (H, W, C)."""
        return self.plane.pixels

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.plane.pixels.shape[:2]
        return height, width

    def normalise(self, pixels: PixelArray) -> FloatImage:
        """Return what the network may see of a part of the plane: (h, w, C) → (h, w, 1 or 3) float32."""
        return self.normalisation(self._nuclear(pixels))

    @cached_property
    def normalisation(self) -> Normalisation:
        """Chosen by all pixels, or a sample of them."""
        return fit_normalisation(self._nuclear(self._sample), self._bands)

    @property
    def sampled(self) -> SampledImage:
        """Itself, to be looked at in windows."""
        return SampledImage(self.size, self.normalise(self._sample), sample_step(*self.size), self._read)

    @cached_property
    def _sample(self) -> PixelArray:
        step = sample_step(*self.size)
        return self.pixels[::step, ::step]

    def _bands(self) -> Iterator[PixelArray]:
        return (
            self._nuclear(self.pixels[row : row + BAND_ROWS]) for row in range(0, self.size[0], BAND_ROWS)
        )

    def _read(self, region: Region) -> FloatImage:
        return self.normalise(self.pixels[region])

    def _nuclear(self, pixels: PixelArray) -> PixelArray:
        return nuclear_pixels(replace(self.plane, pixels=pixels))
