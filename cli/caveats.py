"""Caveats in words: plates, what was ignored, which channels were guessed, which nuclei have no size in µm."""

from collections.abc import Mapping, Sequence

from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.database.queries.caveats import DoubtfulFiles, StandingOut
from nuqleus.paths import escape_path

WARNINGS_SHOWN = 10
"""Of plates; there may be one for each folder."""


def describe_ignored(by_kind: Mapping[str, int]) -> str:
    """Ignored files by kind."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in by_kind.items())
    return (
        f"{_count_files(sum(by_kind.values()))} ignored, being no images ({kinds}): "
        "`nuqleus status PATH` says of a file what it is, and why."
    )


def describe_plates(by_convention: Mapping[str, int]) -> str:
    """Plates, by whose names their files have."""
    total, named = (
        sum(by_convention.values()),
        ", ".join(f"{count:,} {name}" for name, count in by_convention.items()),
    )
    return f"{total:,} plate{'' if total == 1 else 's'} ({named}): each field is one image, whose files are companions."


def describe_guesses(guessed: DoubtfulFiles) -> str:
    """Guessed channels, with what to do."""
    return (
        f"CHECK the channel: in {_count_files(guessed.files)}, which one shows the nuclei was GUESSED. One of several "
        "was taken, as none speaks of nuclei, or several do alike; for example in "
        f"{escape_path(guessed.example or '')}. Say which one it is, by its name or number, with "
        "--channel (NUQLEUS_CHANNEL) or a rule for these files (--rules), and queue them again with "
        "`nuqleus retry PATH`."
    )


def describe_unsure(unsure: DoubtfulFiles) -> str:
    """Images of which the network was less sure than not, with what to do."""
    return (
        f"CHECK the nuclei: in {_count_files(unsure.files)} the network is less sure than not of what it found (a "
        f"confidence below 0.5); for example in {escape_path(unsure.example or '')}. Look at them on the page, or with "
        "`nuqleus segment`; a network that is trained on a few of them knows better (docs/fine-tuning.md)."
    )


def describe_standing_out(found: StandingOut) -> str:
    """Images that stand out, with where to find them."""
    return (
        f"{found.images:,} of {found.of:,} images stand out from their plate or folder: out of focus, saturated, "
        "brighter or emptier than the others. `stands_out_because` in the tables of `nuqleus export`, and the view "
        "`quality`, say which and why."
    )


def describe_gone(files: int) -> str:
    """Files whose results are exported, and which are no longer in the watched folder."""
    return (
        f"among them: results of {_count_files(files)} no longer in the watched folder; `nuqleus forget PATH` deletes "
        "such results"
    )


def describe_missed(files: int) -> str:
    """Files that were to be processed again, and weren't there."""
    return f"not there when it was to be processed again: {_count_files(files)}, as before, with the results there are"


def describe_restorable(files: int) -> str:
    """Files that count as vanished, and have results."""
    return (
        f"called vanished by an earlier version, though there are results: {_count_files(files)}. "
        "`nuqleus db restore-vanished` lets them be done again."
    )


def describe_ungrouped(files: int) -> str:
    """Files of plates that are images of their own."""
    return (
        "processed one by one by an earlier version, or while NUQLEUS_PLATES or a rule said so, though their names are "
        f"those of plates: {_count_files(files)}. They stay so; "
        "`nuqleus retry --regroup PATH` makes fields of them."
    )


def describe_plate_warnings(warnings: Sequence[KnownWarning]) -> list[str]:
    """What is odd about plates, a line for each; the first few."""
    lines = [f"CHECK the plates: {warning.message}" for warning in warnings[:WARNINGS_SHOWN]]
    rest = len(warnings) - len(lines)
    more = f"… and {rest:,} more to check: `nuqleus status --json` has them all, as plate_warnings."
    return [*lines, more] if rest else lines


def describe_missing_um(by_reason: Mapping[str, int]) -> str:
    """Nuclei without a size in µm, and why."""
    total = sum(by_reason.values())
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in by_reason.items())
    nuclei = "1 nucleus has" if total == 1 else f"{total:,} nuclei have"
    return f"{nuclei} no size in µm: the pixel size of the image is {reasons}."


def _count_files(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"
