"""Recognition of the nuclear channel by what a file says of its channels: names, wavelengths, colours.

Each way of recognition returns the channels that suit best; several that suit alike leave it open which one it is. What
stains are called stands in `stain_vocabulary.py`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import takewhile

from model.reading.metadata import ChannelMetadata, Rgb
from model.reading.stain_vocabulary import (
    BLUE,
    CONTRADICTIONS,
    FLUOROPHORES,
    NEUTRAL,
    NOT_NUCLEI,
    OTHER_LIGHT,
    OTHER_TARGETS,
    STAINS,
    VIOLET,
    StainGroup,
)

NO_STAIN = 3 * len(STAINS)
"""Rank of a name that is none of a nuclear stain."""

EXCITATIONS_NM = (350.0, 410.0)
"""Lamps and lasers that excite DAPI and Hoechst: 355, 358, 365, 385, 395, 405 nm."""

EMISSIONS_NM = (430.0, 470.0)
"""Filters that show DAPI and Hoechst (461 nm): 447/60, 460/50 …; CFP's begin beyond."""

LONGEST_NAME = 300
"""Characters of a name that are looked at: a file may claim any name, and a search in it must not take minutes."""

CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORD = re.compile(r"[^\W_]+")


def rank_of(name: str) -> int:
    """Return the rank of a name: the lower, the surer is it that of a nuclear stain; `NO_STAIN` for what is none.

    A name that says a stain and nothing else goes before any that holds one beside other words, and those before any
    that holds one beside what is another's: a dye, a protein.
    """
    text = NOT_NUCLEI.sub(" … ", folded(name))
    group = next((number for number, one in enumerate(STAINS) if one.names.search(text)), None)
    if group is None or CONTRADICTIONS.search(_without_stains(text)):
        return NO_STAIN
    if not _says_more(text, STAINS[group]):
        return group
    if not STAINS[group].is_unmistakable:
        return NO_STAIN
    return group + len(STAINS) * (2 if _names_another(_without_stains(text)) else 1)


def folded(name: str) -> str:
    """Return a name in lower case, without marks on letters, and with words apart."""
    apart = CAMEL_CASE.sub(" ", unicodedata.normalize("NFKC", name[:LONGEST_NAME]))
    marked = unicodedata.normalize("NFKD", apart.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in marked if not unicodedata.combining(c)))


def find_by_name(channels: Sequence[ChannelMetadata]) -> list[int]:
    """Return the channels with the highest-ranking name of a nuclear stain, among all that they are called.

    One with a surer stain beside words that say nothing known (`DAPI mouse`, where another is `PI`) is as likely.
    The same stain several times over, numbered (`DNA_1`, `DNA_2`: one for each round), is the first of them.
    """
    names = _own_names(channels)
    ranks = [min(map(rank_of, of_one), default=NO_STAIN) for of_one in names]
    best = min(ranks, default=NO_STAIN)
    found = [number for number, rank in enumerate(ranks) if rank == best < NO_STAIN or _rivals(rank, best)]
    return found[:1] if _are_rounds([channels[number].name for number in found]) else found


def _rivals(rank: int, best: int) -> bool:
    """Whether a rank is that of a surer stain than the best, beside words that nobody knows."""
    return best < len(STAINS) <= rank < len(STAINS) + best


def find_by_wavelength(channels: Sequence[ChannelMetadata]) -> list[int]:
    """Return the channels whose excitation, or else emission, suits DAPI and Hoechst."""
    for suits in (_is_excited_by_violet, _is_named_by_violet, _shows_blue):
        found = [number for number, channel in enumerate(channels) if suits(channel)]
        if found:
            return found
    return []


def find_by_colour(channels: Sequence[ChannelMetadata]) -> list[int]:
    """Return the channel that alone is shown in blue, or is called so."""
    blue = [
        number
        for number, channel in enumerate(channels)
        if (is_blue(channel.display_colour) and not _shows_another(channel)) or _says_only(channel.name, BLUE)
    ]
    return blue if len(blue) == 1 else []


def is_blue(colour: Rgb | None) -> bool:
    """Whether a colour is one in which DAPI is shown: blue far more than red, and more than green."""
    if colour is None:
        return False
    red, green, blue = colour
    return blue >= 128 and red <= blue // 2 and green <= (3 * blue) // 4


def _says_more(text: str, group: StainGroup) -> bool:
    """Whether a name holds other words than stains, what goes with them, and what says nothing."""
    left = _without_stains(text)
    for words in (group.qualifiers, NEUTRAL):
        left = words.sub(" ", left) if words else left
    return bool(re.search(r"[^\W_]|…", left))


def _names_another(text: str) -> bool:
    return any(words.search(text) for words in (FLUOROPHORES, OTHER_TARGETS))


def _without_stains(text: str) -> str:
    for group in STAINS:
        text = group.names.sub(" ", text)
    return text


def _own_names(channels: Sequence[ChannelMetadata]) -> list[list[str]]:
    """Return what each channel is called, without what all channels have in common."""
    called = [[channel.name, *channel.aliases] for channel in channels]
    if len(channels) < 2:
        return called
    common = set.intersection(*map(set, called))
    if len({len(names) for names in called}) == 1:
        called = [
            list(names) for names in zip(*map(_without_shared_words, zip(*called, strict=True)), strict=True)
        ]
    return [[name for name in names if name not in common] for names in called]


def _without_shared_words(names: Sequence[str]) -> list[str]:
    """Return names without the words that all of them begin or end with; one is left to each."""
    texts = [CAMEL_CASE.sub(" ", unicodedata.normalize("NFKC", name[:LONGEST_NAME])) for name in names]
    words = [list(WORD.finditer(text)) for text in texts]
    least = min(map(len, words))
    begin = min(_shared(zip(*words, strict=False)), max(0, least - 1))
    end = min(_shared(zip(*map(reversed, words), strict=False)), max(0, least - 1 - begin))
    if not begin and not end:
        return list(names)
    return [text[one[begin].start() : one[-1 - end].end()] for text, one in zip(texts, words, strict=True)]


def _shared(columns: Iterable[tuple[re.Match[str], ...]]) -> int:
    return sum(1 for _ in takewhile(lambda words: len({word[0].casefold() for word in words}) == 1, columns))


def _are_rounds(names: Sequence[str]) -> bool:
    """Whether names are one name with different numbers."""
    letters = {re.sub(r"[\d\W_]+", "", name).casefold() for name in names}
    return len(letters) == 1 and len(set(names)) == len(names)


def _is_excited_by_violet(channel: ChannelMetadata) -> bool:
    return _within(channel.excitation_nm, EXCITATIONS_NM) and not _shows_another(channel)


def _is_named_by_violet(channel: ChannelMetadata) -> bool:
    return any(
        _says_only(name, VIOLET) and not OTHER_LIGHT.search(folded(name))
        for name in (channel.name, *channel.aliases)
    ) and not _shows_another(channel)


def _shows_blue(channel: ChannelMetadata) -> bool:
    return (
        channel.excitation_nm is None
        and _within(channel.emission_nm, EMISSIONS_NM)
        and not _shows_another(channel)
    )


def _says_only(name: str, words: re.Pattern[str]) -> bool:
    """Whether a name holds one of these words, and beside them only such as say nothing."""
    text = folded(name)
    return bool(words.search(text)) and not re.search(r"[^\W_]", NEUTRAL.sub(" ", words.sub(" ", text)))


def _shows_another(channel: ChannelMetadata) -> bool:
    """Whether what a channel is called says that it shows something else, whatever its wavelength or colour."""
    return any(
        words.search(folded(name))
        for name in (channel.name, *channel.aliases)
        for words in (CONTRADICTIONS, OTHER_TARGETS, FLUOROPHORES, NOT_NUCLEI)
    )


def _within(value: float | None, limits: tuple[float, float]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]
