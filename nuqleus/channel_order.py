"""Channel order: which place a channel has among those of its plate.

Numbered channels (`w2`, `C01`) follow their numbers. Named ones follow the light that excites them, as far as their
names tell (UV, blue, green, red; what else there is comes last), then their names.
"""

import re

_NUMBERED = re.compile(r"[^\d]{0,12}(\d{1,4})")

EXCITATION = (
    r"uv|violet|dapi|hoechst|bfp|405|385|365",
    r"blue|cyan|gfp|fitc|cfp|a(lexa)?(fluor)?[ _-]?488|488|yfp",
    r"green|orange|yellow|tritc|cy3|rfp|dsred|mcherry|texas[ _-]?red|tdtomato|546|555|561|568|594",
    r"red|cy5|cy7|647|640|633|far[ _-]?red|draq5",
)
"""Words for light, or for dyes and filters that it excites, from short to long waves."""

_RANKS = [re.compile(rf"(?<![a-z0-9])({words})(?![a-z0-9])") for words in EXCITATION]


def channel_order(key: str) -> tuple[int, int, str]:
    """What a channel's key is sorted by."""
    numbered = _NUMBERED.fullmatch(key)
    excitation = _excitation_of(key)
    if numbered is not None and excitation == len(_RANKS):
        return -1, int(numbered[1]), key
    return excitation, 0, key.lower()


def _excitation_of(key: str) -> int:
    """InCell says it before a dash: `Green - dsRed`. The first word that is known counts."""
    text = key.lower().partition(" - ")[0]
    found = [(match.start(), rank) for rank, words in enumerate(_RANKS) if (match := words.search(text))]
    return min(found)[1] if found else len(_RANKS)
