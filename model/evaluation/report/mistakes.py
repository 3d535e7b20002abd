"""What became of each nucleus: found, or lost in which way.

Of two nuclei, one true and one found, A *covers* B if more than half of B's pixels are A's; a nucleus is covered by at
most one other. Each nucleus, true or found, has one fate: the first that applies.

| fate      | a true nucleus                                     | a found nucleus                                     |
| --------- | -------------------------------------------------- | ----------------------------------------------------|
| matched   | a found one has an IoU above 0.5 with it           | a true one has an IoU above 0.5 with it             |
| merged    | what covers it covers another true one too         | it covers two or more true ones                     |
| split     | it covers two or more found ones                   | what covers it covers another found one too         |
| misshapen | it covers a found one, or more than half of it is  | it covers a true one, or more than half of it is    |
|           | found foreground                                   | true foreground                                     |
| missed    | none of these: mostly background in what was found |                                                     |
| invented  |                                                    | none of these: mostly background in the truth       |

The first row is the Data Science Bowl's count at its lowest threshold: matched nuclei are its true positives. A found
nucleus that is matched may have swallowed a second true one, which alone is then merged; a true nucleus that is matched
may cover a crumb besides its partner, which alone is then split.

Merged, split and missed (false negative) nuclei are the errors that Caicedo et al. (2019, Cytometry A 95, 952-965)
count. They take two nuclei for one another from an IoU of 0.1 on; "more than half of its pixels" is the rule of
Matula et al. (2015, PLoS ONE 10, e0144959). It does not depend on how many nuclei were merged (each of twelve equal
ones has an IoU of 1/12 with the whole) nor count a neighbour that is merely grazed. Misshapen is what both leave to
the misses: a nucleus that is there and was seen, in another outline.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from model.labels.overlaps import Overlaps

MATCHED = 0.5
"""Above this IoU two nuclei are one: each has at most one such partner."""


class Fate(IntEnum):
    """What became of a nucleus."""

    MATCHED = 1
    MERGED = 2
    SPLIT = 3
    MISSHAPEN = 4
    MISSED = 5
    INVENTED = 6


Fates = NDArray[np.uint8]
"""The `Fate` of each nucleus of an image, in the order of its labels."""

Flags = NDArray[np.bool_]
"""Something true or false of each nucleus."""


@dataclass(frozen=True)
class Verdict:
    """What became of the nuclei of one image.

    Attributes:
        truth: fates of the T true nuclei: (T,).
        found: fates of the F found nuclei: (F,).
    """

    truth: Fates
    found: Fates


@dataclass(frozen=True)
class Tally:
    """How many nuclei, of one image or of several, have each fate.

    Attributes:
        truth: true nuclei, indexed by `Fate`: (7,) int64.
        found: found nuclei, likewise.
    """

    truth: NDArray[np.int64]
    found: NDArray[np.int64]

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.truth + other.truth, self.found + other.found)

    def count(self, fate: Fate) -> int:
        """How many nuclei have a fate: of the found ones if they were invented, else of the true ones."""
        return int((self.found if fate is Fate.INVENTED else self.truth)[fate])


def tally(verdict: Verdict) -> Tally:
    """Count the fates of an image's nuclei."""
    truth, found = (np.bincount(fates, minlength=len(Fate) + 1) for fates in (verdict.truth, verdict.found))
    return Tally(truth, found)


def judge(overlaps: Overlaps) -> Verdict:
    """Say of every true and every found nucleus what became of it."""
    back = overlaps.transposed
    merged, split = _shares_its_cover(overlaps), _covers_several(overlaps)
    merging, piece = _covers_several(back), _shares_its_cover(back)
    return Verdict(
        truth=_choose([_is_matched(overlaps), merged, split, _was_seen(overlaps)], Fate.MISSED),
        found=_choose([_is_matched(back), merging, piece, _was_seen(back)], Fate.INVENTED),
    )


def _choose(flags: list[Flags], otherwise: Fate) -> Fates:
    fates = [Fate.MATCHED, Fate.MERGED, Fate.SPLIT, Fate.MISSHAPEN]
    return np.select(flags, fates, otherwise).astype(np.uint8)


def _is_matched(overlaps: Overlaps) -> Flags:
    return _count(overlaps, overlaps.ious > MATCHED) > 0


def _covers_several(overlaps: Overlaps) -> Flags:
    return _count(overlaps, _covers(overlaps)) > 1


def _shares_its_cover(overlaps: Overlaps) -> Flags:
    back = overlaps.transposed
    shares = _covers(back) & _covers_several(back)[back.rows]
    return _count(overlaps, shares) > 0


def _was_seen(overlaps: Overlaps) -> Flags:
    foreground = np.bincount(overlaps.rows, overlaps.shared, len(overlaps.truth))
    return (_count(overlaps, _covers(overlaps)) > 0) | (2 * foreground > overlaps.truth.areas)


def _covers(overlaps: Overlaps) -> Flags:
    """Whether the nucleus in each pair's row covers the one in its column: (P,)."""
    return 2 * overlaps.shared > overlaps.found.areas[overlaps.columns]


def _count(overlaps: Overlaps, pairs: Flags) -> NDArray[np.int64]:
    """How many of these pairs each row's nucleus has part in: (T,)."""
    return np.bincount(overlaps.rows[pairs], minlength=len(overlaps.truth))
