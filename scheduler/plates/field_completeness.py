"""Completeness of fields: are all files of a field there, or will more of them come?

A rule says how many channels a field has, or a list beside the images which files it has. Else a field is complete that
has the channels, and steps of z, that most fields of its plate have, and that nothing has been added to for a while.
What a field lacks is waited for until the whole plate has had no new file for `field_seconds`: then it is processed as
it is, and again if more comes after all.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from nuqleus.database.files.fields import FieldMember
from nuqleus.fields import FieldPlace
from nuqleus.paths import escape_path

log = logging.getLogger(__name__)

QUIET_FACTOR = 5
"""Nothing was added to a field for this many times as long as `settle_seconds`: microscopes take seconds a channel."""

MEMORY_SECONDS = 3600.0
"""What the fields of a plate have is remembered for so long after its last new file."""

Part = tuple[str, int | None]
"""A channel and a step of z."""


@dataclass
class _Plate:
    """What the fields of a plate have, as far as this scheduler has seen them.

    Attributes:
        last_new: when a file was last added.
        told_at: the `last_new` for which people were told what is waited for.
    """

    last_new: float
    told_at: float | None = None
    fields: dict[str, frozenset[Part]] = field(default_factory=dict)

    def usual(self) -> frozenset[Part]:
        """What more than half of the fields have."""
        counts = Counter(part for parts in self.fields.values() for part in parts)
        return frozenset(part for part, count in counts.items() if 2 * count > len(self.fields))


@dataclass(frozen=True)
class Expectations:
    """What is known of the files of fields beforehand.

    Attributes:
        listed: the files of a field that a list beside the images names; None without one.
        channels: how many channels the field has that a file at this path is a part of; None if no rule says so.
    """

    listed: Callable[[FieldPlace], Collection[Part] | None] = lambda _place: None
    channels: Callable[[str], int | None] = lambda _path: None


class FieldCompleteness:
    """Remembers since when fields have what they have.

    Args:
        settle_seconds: how long a file must stand still.
        field_seconds: how long a field that lacks files waits, from the plate's last new one.
        expectations: what is known beforehand.
        clock: seconds from any origin; must not jump when the computer's time is set.
    """

    def __init__(
        self,
        settle_seconds: float,
        field_seconds: float,
        expectations: Expectations | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet_seconds = QUIET_FACTOR * settle_seconds
        self._field_seconds = field_seconds
        self._expectations = expectations or Expectations()
        self._clock = clock
        self._places: dict[str, FieldPlace] = {}
        self._since: dict[str, float] = {}
        self._plates: dict[tuple[str, str], _Plate] = {}
        self._due: float | None = None

    def find_complete(
        self, fields: Mapping[str, Sequence[FieldMember]], unsettled: AbstractSet[int]
    ) -> list[str]:
        """Look at all fields that wait, and return the keys of those that are complete.

        Args:
            fields: the files that are there of each, by its key.
            unsettled: ids of files that somebody may still be writing.
        """
        now, self._due = self._clock(), None
        self._note(fields, now)
        complete: list[str] = []
        for name, keys in self._by_plate(fields).items():
            plate, lacking = self._plates[name], {}
            usual = plate.usual()
            for key in keys:
                lacks = self._lacks(key, fields[key], usual)
                due = self._due_at(plate, key, lacks)
                if due > now:
                    self._due = min(due, self._due or due)
                elif unsettled.isdisjoint(member.id for member in fields[key]):
                    complete.append(key)
                if lacks and due > now:
                    lacking[key] = lacks
            self._tell(name, plate, lacking, now)
        return complete

    def seconds_to_next(self) -> float | None:
        """Seconds until a field may be complete; None when there is none to wait for."""
        return None if self._due is None else max(self._due - self._clock(), 0.0)

    def _note(self, fields: Mapping[str, Sequence[FieldMember]], now: float) -> None:
        """Take note of what fields have."""
        for key, members in fields.items():
            name = self._plate_name(key)
            plate = self._plates.setdefault(name, _Plate(now))
            parts = frozenset((member.channel, member.z) for member in members)
            if plate.fields.get(key) != parts or key not in self._since:
                plate.last_new = now if plate.fields.get(key) != parts else plate.last_new
                plate.fields[key] = parts
                self._since[key] = now
        self._since = {key: since for key, since in self._since.items() if key in fields}
        self._places = {key: place for key, place in self._places.items() if key in fields}
        pending = {self._plate_name(key) for key in fields}
        for name in [name for name, plate in self._plates.items() if now - plate.last_new > MEMORY_SECONDS]:
            if name not in pending:
                del self._plates[name]

    def _plate_name(self, key: str) -> tuple[str, str]:
        if key not in self._places:
            self._places[key] = FieldPlace.parse(key)
        place = self._places[key]
        return place.plate_folder, place.plate

    def _by_plate(self, keys: Collection[str]) -> dict[tuple[str, str], list[str]]:
        plates: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key in keys:
            plates[self._plate_name(key)].append(key)
        return plates

    def _lacks(self, key: str, members: Sequence[FieldMember], usual: frozenset[Part]) -> str | None:
        """What a field lacks, for people; an empty text if nothing, and None where that is only likely."""
        parts = {(member.channel, member.z) for member in members}
        listed = self._expectations.listed(self._places[key])
        if listed is not None:
            return _names(set(listed) - parts)
        number = self._expectations.channels(members[0].path)
        if number is not None:
            there = len({channel for channel, _ in parts})
            return f"{number - there} of {number} channels" if there < number else ""
        return _names(usual - parts) or None

    def _due_at(self, plate: _Plate, key: str, lacks: str | None) -> float:
        """When a field will be complete, if nothing is added to it."""
        latest = plate.last_new + self._field_seconds
        if lacks is None:
            return min(latest, self._since[key] + self._quiet_seconds)
        return latest if lacks else self._since[key]

    def _tell(self, name: tuple[str, str], plate: _Plate, lacking: Mapping[str, str], now: float) -> None:
        """Say what is waited for: once, until further files come."""
        if not lacking or plate.told_at == plate.last_new or now - plate.last_new < self._quiet_seconds:
            return
        plate.told_at = plate.last_new
        key = min(lacking)
        place = self._places[key]
        log.warning(
            "%s: %s for missing files, %s for %s. In %.0f s what is there is processed, unless more comes "
            "(NUQLEUS_FIELD_SECONDS).",
            escape_path(name[0]) or "The watched folder",
            f"{len(lacking)} field{'s' * (len(lacking) > 1)} of the plate {escape_path(name[1])} "
            f"wait{'s' * (len(lacking) == 1)}",
            escape_path(f"{place.well}, site {place.site}," if place.well else place.part),
            escape_path(lacking[key]),
            plate.last_new + self._field_seconds - now,
        )


def _names(parts: Collection[Part]) -> str:
    """`w2, w3` or `w2 (z 3)`, for people."""
    texts = sorted(channel if z is None else f"{channel} (z {z})" for channel, z in parts)
    return ", ".join(texts)
