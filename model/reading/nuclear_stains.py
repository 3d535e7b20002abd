"""Ranked recognition of the nuclear channel: the one table of what stains and markers of nuclei are called.

A name of a higher rank wins, whatever the order of the channels; within a rank, the first channel.
"""

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from model.reading.metadata import ChannelMetadata, Rgb


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


NONE_OF_IT = _words(
    # the nucleus's parts, and what only sounds like it
    r"nucle(ol|ocapsid|opor|otid|osid|osom|oprotein|ophosmin|obindin|ostemin|ofect|as)[a-z]*",
    r"nuclear[\W_]*(envelope|pores?|lamin[a-z]*|membrane|speckles?|bod(y|ies)|factor|receptor|export|rim)",
    r"(?<![a-z])(peri|mono|poly|multi|bi|anti|extra|non|pro|ribo)[\W_]*nucle[a-z]*",
    # DNA of others, and what works on DNA
    r"(?<![a-z])(mt[\W_]?|ct|cf|c|e|v|p|q|rec?)dna(?![a-z])",
    r"(mito[a-z]*|viral|plasmid|bacterial|cell[\W_]free)[\W_]*dna(?![a-z])",
    r"dna[\W_]*(pk[a-z]*|pol[a-z]*|damage|methyl[a-z]*|ligase|repair|topo[a-z]*|fish)",
    # RNA
    r"(?<![a-z])[a-z]{0,3}rna(scope)?(?![a-z])", r"syto[\W_]*14(?!\d)", r"syto[\W_]*rna[\W_]*select[a-z]*",
    # chromatin marks of dividing or damaged nuclei only
    r"(?<![a-z])(phospho|p)[\W_]*(histone[\W_]*)?h?h3(?![a-z0-9])",
    r"(?<![a-z])(gamma|[γgyp])?[\W_]*h2a[\W_]?x(?![a-z0-9])", r"nuc[\W_]*view",
    # a stain that isn't there, or only shines through
    r"(?<![a-z])(no|non|without|minus|af)[\W_]*(dapi|ho[ae]?ch?st)[\W_]*\d*",
    r"(dapi|ho[ae]?ch?st)[\W_]*(free|neg(ative)?|excluded|empty|blank|bleed[\W_]*through)(?![a-z])",
)  # fmt: skip
"""Words that are taken out of a name before it is compared."""

CONJUGATES = _words(
    r"(?<![a-z])(alexa([\W_]*fluor)?|fluor|af|cf|dylight|dl|atto|bv|buv|bb|i-?fluor|star|jf|opal|cy|qdot|vioblue"
    r"|(brilliant|pacific|mitotracker|lysotracker|celltrace|hilyte|abberior|janelia)[\W_]*[a-z]*)[\W_]*\d{3}"
)
"""Dyes that are called by the wavelength that excites them, and are bound to anything."""

DNA_STAINS = _words(
    r"dapi", r"ho[ae]?ch?st", r"hoesch?t", r"bis-?benzimid", r"h[\W_]*33?(342|258)(?!\d)",
    r"(?<!\d)33(342|344|258)(?!\d)",
)  # fmt: skip
NUCLEAR_DYES = _words(
    r"draq[\W_]*[57]", r"sytox", r"nuc(lear)?[\W_]*(blue|spot|green|red|violet|mask|fix)",
    r"(?<![a-z])to[\W_]*pro(?![a-z])",
    r"syto(?![a-z])", r"propidium", r"(?<![a-z0-9])pi(?![a-z0-9]|[\W_]*[\d(]|[\W_]*plc)",
    r"7[\W_]*aad", r"aminoactinomycin",
    r"(?<![a-z])yo[\W_]*(yo|pro)(?![a-z])", r"picogreen", r"red[\W_]*dot", r"(sir|spy[\W_]*\d*)[\W_]*dna",
    r"vybrant[\W_]*dye[\W_]*cycle", r"acridine[\W_]*orange", r"ha?ematoxylin", r"feulgen",
)  # fmt: skip
DNA = _words(
    r"(?<![a-z])(ds|ss|g)?dna(?![a-z])", r"(?<!\d)19[13][\W_]*ir(?![a-z])", r"(?<![a-z])ir[\W_]*19[13](?!\d)",
    r"iridium", r"chromatin",
)  # fmt: skip
HISTONES = _words(r"h2b", r"histone", r"(?<![a-z])h?h3(?![a-z0-9])", r"(?<![a-z])h2az?(?![a-z0-9])")
NUCLEI = _words(r"(?<![a-z])nucle(us|i|ar)(?![a-z])", r"nuclei", r"(?<![a-z])(nuc|nls)(?![a-z])")

RANKS = (DNA_STAINS, NUCLEAR_DYES, DNA, HISTONES, NUCLEI)
"""From the surest to the vaguest."""

EXCITATIONS_NM = (350.0, 410.0)
"""Lamps and lasers that excite DAPI and Hoechst: 355, 358, 365, 385, 395, 405 nm."""

EMISSIONS_NM = (430.0, 470.0)
"""Filters that show DAPI and Hoechst (461 nm): 447/60, 460/50 …; CFP's begin beyond."""

WAVELENGTH = _words(r"(?<![\d.])(355|358|36[05]|375|38[05]|39[05]|405)(?![\d.]|[\W_]*ms(?![a-z]))")
"""In a name: `405`, `CSU405`, `Ex 385 nm`."""

CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def find_by_name(channels: Sequence[ChannelMetadata]) -> int | None:
    """Return the channel with the highest-ranking name of a nuclear stain, among all that it is called."""
    ranks = [min(map(rank_of, (channel.name, *channel.aliases))) for channel in channels]
    best = min(ranks, default=len(RANKS))
    return ranks.index(best) if best < len(RANKS) else None


def rank_of(name: str) -> int:
    """Return the rank of a name in `RANKS`, 0 for the surest; their number for what is none."""
    plain = NONE_OF_IT.sub(" ", normalize("NFKC", name))
    text = f"{plain}\n{CAMEL_CASE.sub(' ', plain)}"
    return next((rank for rank, words in enumerate(RANKS) if words.search(text)), len(RANKS))


def find_by_wavelength(channels: Sequence[ChannelMetadata]) -> int | None:
    """Return the first channel whose excitation, or else emission, suits DAPI and Hoechst."""
    for suits in (_is_excited_by_violet, _is_named_by_violet, _shows_blue):
        found = _first(suits(channel) for channel in channels)
        if found is not None:
            return found
    return None


def find_by_colour(channels: Sequence[ChannelMetadata]) -> int | None:
    """Return the channel that alone is shown in blue, or is called so."""
    blue = [
        is_blue(channel.display_colour) or channel.name.strip().casefold() == "blue" for channel in channels
    ]
    return blue.index(True) if sum(blue) == 1 else None


def is_blue(colour: Rgb | None) -> bool:
    """Whether a colour is one in which DAPI is shown: blue far more than red, and more than green."""
    if colour is None:
        return False
    red, green, blue = colour
    return blue >= 128 and red <= blue // 2 and green <= (3 * blue) // 4


def _is_excited_by_violet(channel: ChannelMetadata) -> bool:
    return _within(channel.excitation_nm, EXCITATIONS_NM)


def _is_named_by_violet(channel: ChannelMetadata) -> bool:
    names = (CONJUGATES.sub(" ", name) for name in (channel.name, *channel.aliases))
    return any(WAVELENGTH.search(name) for name in names)


def _shows_blue(channel: ChannelMetadata) -> bool:
    return channel.excitation_nm is None and _within(channel.emission_nm, EMISSIONS_NM)


def _within(value: float | None, limits: tuple[float, float]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]


def _first(answers: Iterable[bool]) -> int | None:
    return next((number for number, answer in enumerate(answers) if answer), None)
