"""Names of pages (tag PageName): those of channels in the files of MIBI, IMC and others."""

import json
import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from tifffile import TiffFile, TiffPage, TiffPageSeries

from model.reading.metadata import value_or_default
from model.reading.nuclear_stains import NO_STAIN, rank_of
from model.reading.tiff.imagej import POSITION, labels_of

PAGE_NAME = 285

MAX_NAMED = 1_000
"""So many pages are looked at: nobody has more channels."""


def names_of_pages(tif: TiffFile, series: TiffPageSeries) -> list[tuple[str, ...]]:
    """Return what the pages of a series are called, the best name of each first; empty where they have no names."""
    if not 1 < len(series) <= MAX_NAMED:
        return []
    names: list[tuple[str, ...]] = value_or_default(partial(_imagej_labels, tif), []) or value_or_default(
        partial(_tagged, tif, series), []
    )
    return names if len(names) == len(series) else []


def are_channels(names: Sequence[tuple[str, ...]]) -> bool:
    """Whether names of pages are those of channels: each is another, and they aren't just numbered."""
    first = [of_one[0] if of_one else "" for of_one in names]
    if not first or not all(first) or len(set(first)) < len(first):
        return False
    numbers: dict[str, list[int]] = {}
    for name in first:
        last = re.findall(r"\d+", name)[-1:] or ["0"]
        numbers.setdefault(re.sub(r"[\d\W_]+", "", name).casefold(), []).append(int(last[0]))
    counted = all(map(_is_counted, numbers.values()))
    if len(numbers) == 1:  # one word and a number: isotopes, perhaps, else slices or times
        return not counted and any(rank_of(name) < NO_STAIN for name in first)
    return not counted or len(numbers) > len(first) // 2


def _is_counted(numbers: Sequence[int]) -> bool:
    """Whether numbers follow one another, up or down."""
    steps = {b - a for a, b in pairwise(numbers)}
    return len(steps) == 1 and steps <= {1, -1}


def _tagged(tif: TiffFile, series: TiffPageSeries) -> list[tuple[str, ...]]:
    if not value_or_default(partial(_names_of, series.keyframe), ()):
        return []
    numbers = [page.index if page is not None else None for page in series.pages]
    pages = [
        None if number is None else tif.pages.get(number, aspage=True, cache=False) for number in numbers
    ]
    return [() if page is None else value_or_default(partial(_names_of, page), ()) for page in pages]  # type: ignore[arg-type]


def _names_of(page: TiffPage) -> tuple[str, ...]:
    """PageName, and what MIBI's JSON calls its target."""
    name = page.tags.valueof(PAGE_NAME)
    said: Any = value_or_default(lambda: json.loads(page.description), {})
    target = said.get("channel.target") if isinstance(said, dict) else None
    return tuple(str(text) for text in (target, name) if text)


def _imagej_labels(tif: TiffFile) -> list[tuple[str, ...]]:
    """Labels of a stack that ImageJ was given as slices, such as by Images to Stack; of a hyperstack, none.

    They are titles of files as a rule, so that only those of nuclear stains make them channels.
    """
    about = tif.imagej_metadata or {}
    if max(int(about.get(axis, 1)) for axis in ("channels", "frames")) > 1:
        return []
    labels = [POSITION.sub("", (label or "").partition("\n")[0]).strip() for label in labels_of(about)]
    return [(label,) for label in labels] if any(rank_of(label) < NO_STAIN for label in labels) else []
