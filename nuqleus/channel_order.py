"""Channel order: which place a channel has among those of its plate.

Numbered channels (`w2`, `C01`) follow their numbers. Named ones follow the light that excites them, as far as their
names tell, by a word or a wavelength (UV, blue, green, red; what else there is comes last), then their names.
"""

import re
from bisect import bisect_left

_NUMBERED = re.compile(r"[^\d]{0,12}(\d{1,4})")

EXCITATION = (
    r"uv|violet|dapi|hoechst|bfp|405|385|365",
    r"blue|cyan|gfp|fitc|cfp|a(lexa)?(fluor)?[ _-]?488|488|yfp",
    r"green|orange|yellow|tritc|cy3|rfp|dsred|mcherry|texas[ _-]?red|tdtomato|546|555|561|568|594",
    r"red|cy5|647|640|633|far[ _-]?red|draq5",
    r"nir|near[ _-]?infrared|cy7",
)
"""Words for light, or for dyes and filters that it excites, from short to long waves."""

WAVELENGTHS = (430, 510, 610, 700, 900)
"""Up to which wavelengths, in nm, light is called UV, blue, green, red and near infrared."""

_RANKS = [re.compile(rf"(?<![a-z0-9])({words})(?![a-z0-9])") for words in EXCITATION]
_WAVELENGTH = re.compile(r"(?<![a-z0-9])([3-8]\d\d)(?= ?nm|[^a-z0-9]|$)")


def channel_order(key: str) -> tuple[int, int, str]:
    """What a channel's key is sorted by."""
    numbered = _NUMBERED.fullmatch(key)
    excitation = _excitation_of(key)
    if numbered is not None and excitation == len(_RANKS):
        return -1, int(numbered[1]), key
    return excitation, 0, re.sub(r"\d+", lambda digits: digits[0].zfill(4), key.lower())


def _excitation_of(key: str) -> int:
    """InCell says it before a dash: `Green - dsRed`, `390 - Blue`. The first that is known counts."""
    text = key.lower().partition(" - ")[0]
    found = [(match.start(), rank) for rank, words in enumerate(_RANKS) if (match := words.search(text))]
    wavelength = _WAVELENGTH.search(text)
    if wavelength is not None:
        found.append((wavelength.start(), bisect_left(WAVELENGTHS, int(wavelength[1]))))
    return min(found)[1] if found else len(_RANKS)
