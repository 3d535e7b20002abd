"""Plate habits: what the name of one file can't tell, but those of all of its plate do.

Some software counts time points and planes from 0, most from 1. The actions of a CellVoyager take a channel each, which
together are one field; or they take the same channel in several ways, and each action has fields of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.database.plates import plate_path
from nuqleus.fields import FieldFile
from nuqleus.paths import escape_path

FIRST_ACTION = "A01"

ACTIONS = "actions"
"""Kind of warnings."""

PlateName = tuple[str, str]
"""A plate's folder and its name."""


@dataclass
class _Habits:
    """Habits of a plate.

    Attributes:
        z_from_0: whether planes count from 0; `t_from_0` time points.
        actions: of each timeline and channel.
    """

    z_from_0: bool = False
    t_from_0: bool = False
    actions: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, file: FieldFile) -> None:
        """Learn from a file."""
        self.z_from_0 |= file.z == -1
        self.t_from_0 |= file.place.t == -1
        if _has_action(file):
            self.actions[file.place.part[:3], file.channel].add(file.place.part[3:])

    def known(self) -> tuple[bool, bool, frozenset[str]]:
        """All of them, to be compared."""
        parted = frozenset(line for (line, _), actions in self.actions.items() if len(actions) > 1)
        return self.z_from_0, self.t_from_0, parted

    def warning(self) -> str | None:
        """What there is to say of actions that have fields of their own, and not the same channels."""
        _, _, parted = self.known()
        for line in sorted(parted):
            taken = {
                channel: actions for (of_line, channel), actions in self.actions.items() if of_line == line
            }
            twice = min(channel for channel, actions in taken.items() if len(actions) > 1)
            if len(set(map(frozenset, taken.values()))) > 1:
                return f"{twice} is taken in {' and '.join(sorted(taken[twice]))}"
        return None

    def applied(self, file: FieldFile) -> FieldFile:
        """A file as the habits of its plate have it."""
        z_from_0, t_from_0, parted = self.known()
        z = None if file.z is None else file.z + z_from_0
        place = replace(file.place, t=file.place.t + t_from_0)
        if _has_action(file) and place.part[:3] not in parted:
            place = replace(place, part=place.part[:3] + FIRST_ACTION)
        return replace(file, z=z, place=place)


def with_habits(files: Iterable[FieldFile]) -> list[FieldFile]:
    """Files of which nothing else is known, as the habits of their plates have them."""
    files, habits = list(files), PlateHabits()
    for file in files:
        habits.note(file)
    return [habits.applied(file) for file in files]


class PlateHabits:
    """Habits of all plates, learned from their files as these come."""

    def __init__(self) -> None:
        self._plates: dict[PlateName, _Habits] = {}
        self._folders: set[str] = set()
        self._changed: set[PlateName] = set()

    def learn(self, folder: str, beside: Callable[[], Iterable[FieldFile]]) -> None:
        """Learn from all files that lie in a folder, the first time that one of them is asked about."""
        if folder not in self._folders:
            self._folders.add(folder)
            for file in beside():
                self.note(file)

    def note(self, file: FieldFile) -> None:
        """Learn from a file, as its name has it."""
        name = (file.place.plate_folder, file.place.plate)
        habits = self._plates.setdefault(name, _Habits())
        before = habits.known()
        habits.note(file)
        if habits.known() != before:
            self._changed.add(name)

    def applied(self, file: FieldFile) -> FieldFile:
        """A file as the habits of its plate have it."""
        return self._plates[file.place.plate_folder, file.place.plate].applied(file)

    def warnings(self) -> list[KnownWarning]:
        """Plates of a CellVoyager whose actions have fields of their own, which lack channels of the others."""
        texts = ((plate_path(*name), habits.warning()) for name, habits in sorted(self._plates.items()))
        return [KnownWarning(ACTIONS, path, _warning(path, text)) for path, text in texts if text]

    def take_changed(self) -> frozenset[PlateName]:
        """Plates of which something new was learned since this was asked last: their files may have other places."""
        changed, self._changed = frozenset(self._changed), set()
        return changed


def _warning(path: str, text: str) -> str:
    return (
        f"{escape_path(path)}: {text}, so that each action has fields of its own, which lack the channels of the "
        "others. If they belong together, say so by a rule with a pattern in which the action is the channel "
        "(docs/plates.md)."
    )


def _has_action(file: FieldFile) -> bool:
    return (
        file.convention == "CellVoyager"
        and len(file.place.part) == len("L01A01")
        and file.place.well is not None
    )
