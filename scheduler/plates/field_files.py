"""Field files: waiting files of plates are put together to fields, each of which is queued as one image."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from nuqleus.database.batches import batched
from nuqleus.database.files.fields import FieldMember, Placement
from nuqleus.database.files.records import KnownFile, QueuedFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.file_stat import FileStat
from scheduler.dispatcher import DISPATCH_BATCH
from scheduler.plates.field_completeness import FieldCompleteness
from scheduler.plates.field_names import PlateNames
from scheduler.scanner import Scan


class FieldFiles:
    """Puts waiting files together to fields.

    Args:
        files: the database's files.
        names: knows which files are parts of fields.
        completeness: judges whether a field is complete.
        is_urgent: says of a path whether its file goes before others.
    """

    def __init__(
        self,
        files: SchedulerFiles,
        names: PlateNames,
        completeness: FieldCompleteness,
        is_urgent: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self._files = files
        self._names = names
        self._completeness = completeness
        self._is_urgent = is_urgent
        self._settled: dict[int, FileStat] = {}
        self._conventions: dict[tuple[str, str], str] = {}

    @property
    def is_off(self) -> bool:
        """Whether no file is part of a field."""
        return self._names.is_off

    @property
    def has_rules(self) -> bool:
        """Whether rules say which files are parts of fields."""
        return self._names.has_rules

    def is_settled(self, file: KnownFile) -> bool:
        """Say whether a file of a field has stood still before, as it is now: it waits for others alone."""
        return self._settled.get(file.id) == file.stat

    def place(self, files: Sequence[KnownFile], scan: Scan) -> list[KnownFile]:
        """Make files that have settled parts of fields. Returns those that stand on their own.

        What was processed before, on its own, stays so, also where its folder is renamed. A file whose folder may
        still become a plate's is in neither, and settles again.
        """
        members = self._files.waiting_member_ids() if files else frozenset()
        places = {
            file: place
            for file in files
            if file.id not in members and (place := self._names.place(file.path, scan)) is not None
        }
        alone = self._find_processed(list(places)) if places else frozenset()
        placements = []
        for file, place in places.items():
            if file.id not in alone:
                self._conventions[place.place.plate_folder, place.place.plate] = place.convention
                placements.append(placement(file.id, place))
        self._files.place(placements)
        placed = members | {one.id for one in placements}
        self._settled |= {file.id: file.stat for file in files if file.id in placed}
        rest = [file for file in files if file.id not in placed]
        return [file for file in rest if file.id in alone or not self._names.may_belong(file.path, scan)]

    def _find_processed(self, files: Sequence[KnownFile]) -> frozenset[int]:
        return self._files.processed_among([file.id for file in files]) | self._files.moved_alone(files)

    def find_ungrouped(self, processed: Sequence[tuple[int, str]], scan: Scan) -> list[Placement]:
        """The places of files, by id and path, that were processed one by one, though they are parts of fields."""
        return find_placements(self._names, processed, scan)

    def enqueue_complete(self, scan: Scan) -> Iterable[list[QueuedFile]]:
        """Queue the fields that are complete, urgent ones first; yields those whose messages are to be sent."""
        self._place_anew(scan)
        fields: dict[str, list[FieldMember]] = defaultdict(list)
        for member in self._files.waiting_members():
            fields[member.field_key].append(member)
        waiting = {member.id for members in fields.values() for member in members if member.is_waiting}
        self._settled = {id_: stat for id_, stat in self._settled.items() if id_ in waiting}
        complete = self._completeness.find_complete(fields, waiting - self._settled.keys())
        urgent = {key for key in complete if any(self._is_urgent(member.path) for member in fields[key])}
        for keys in (urgent, [key for key in complete if key not in urgent]):
            for batch in batched(keys, DISPATCH_BATCH):
                files = [self._describe(member, scan) for key in batch for member in fields[key]]
                yield self._files.enqueue_fields(batch, files, urgent=keys is urgent)

    def _place_anew(self, scan: Scan) -> None:
        """Give files that wait other places, where the names of their plate say more than when they were placed."""
        changed = self._names.take_changed()
        if not changed:
            return
        members = [
            one for one in self._files.waiting_members() if one.is_waiting and _plate_of(one) in changed
        ]
        there = {Placement(one.id, one.field_key, one.channel, one.z) for one in members}
        anew = {placement(one.id, file) for one in members if (file := self._names.place(one.path, scan))}
        self._files.place(sorted(anew - there, key=lambda one: one.id))

    def seconds_to_next(self) -> float | None:
        """Seconds until a field may be complete, or a folder whole; None when there is none to wait for."""
        waits = (self._completeness.seconds_to_next(), self._names.seconds_to_next())
        return min((seconds for seconds in waits if seconds is not None), default=None)

    def _describe(self, member: FieldMember, scan: Scan) -> FieldFile:
        place = FieldPlace.parse(member.field_key)
        name = (place.plate_folder, place.plate)
        if name not in self._conventions:  # placed before this scheduler started
            named = self._names.place(member.path, scan)
            self._conventions[name] = named.convention if named else "pattern"
        return FieldFile(self._conventions[name], place, member.z, member.channel)


def _plate_of(member: FieldMember) -> tuple[str, str]:
    place = FieldPlace.parse(member.field_key)
    return place.plate_folder, place.plate


def find_placements(names: PlateNames, files: Iterable[tuple[int, str]], scan: Scan) -> list[Placement]:
    """The places of those of these files, by id and path, that are parts of fields."""
    placed = ((file_id, names.place(path, scan)) for file_id, path in files if path in scan.files)
    return [placement(file_id, file) for file_id, file in placed if file is not None]


def placement(file_id: int, file: FieldFile) -> Placement:
    """The place of a file as the database keeps it; a projection has no step of z."""
    return Placement(file_id, file.field_key, file.channel, None if file.is_projection else file.z)
