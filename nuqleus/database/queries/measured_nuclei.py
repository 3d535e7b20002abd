"""Nuclei with what was measured of them in each channel: two queries, read in step."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from nuqleus import micrometres

Place: TypeAlias = tuple[int, ...]
"""Where nuclei lie that differ by their labels alone."""

Measured: TypeAlias = tuple[Place, dict[str, Any]]
"""Place and label of a nucleus, with its intensities."""


def with_intensities(
    shapes: Iterable[tuple[Place, dict[str, Any], float | None]], measured: Iterator[Measured]
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Join nuclei, with their pixel size, to what was measured of them in the same order; sizes in µm are added."""
    current = next(measured, None)
    for place, nucleus, pixel_size_um in shapes:
        if pixel_size_um is not None:
            nucleus.update(micrometres.in_um(nucleus, pixel_size_um))
        if current and current[0] == (*place, nucleus["label"]):
            nucleus.update(current[1])
            current = next(measured, None)
        yield place, nucleus
