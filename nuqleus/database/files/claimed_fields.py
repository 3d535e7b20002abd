"""Fields as a claim carries them: the companions of a lead, and what is known of the plate."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from nuqleus.database.files.records import Claim, ClaimedPlate, Companion
from nuqleus.database.files.worker_statements import COMPANIONS
from nuqleus.database.plates import find_plate, find_well, plate_channels, plate_pixel_size
from nuqleus.fields import FieldPlace


def with_fields(connection: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Return claims with their companions and plates, in the transaction that makes them.

    Whoever changes a companion sets its lead back, whose row the claim has locked: nothing changes in between.
    """
    leads = [claim.file_id for claim in claims if claim.field_key is not None]
    if not leads:
        return list(claims)
    companions: dict[int, list[Companion]] = defaultdict(list)
    for row in connection.execute(COMPANIONS, {"leads": leads}).mappings():
        values = dict(row)
        companions[values.pop("companion_of")].append(Companion(**values))
    plates = _Plates(connection)
    return [
        replace(claim, companions=tuple(companions[claim.file_id]), plate=plates.of(claim.field_key))
        if claim.field_key
        else claim
        for claim in claims
    ]


class _Plates:
    """Plates of some fields: those of a chunk mostly lie in one, which is read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], tuple[int, ClaimedPlate]] = {}

    def of(self, field_key: str) -> ClaimedPlate | None:
        """The plate of a field; None where no file of it is recorded."""
        place = FieldPlace.parse(field_key)
        name = (place.plate_folder, place.plate)
        if name not in self._known:
            plate_id = find_plate(self._connection, place)
            if plate_id is None:
                return None
            channels = tuple(plate_channels(self._connection, plate_id))
            pixel_size = plate_pixel_size(self._connection, plate_id)
            self._known[name] = plate_id, ClaimedPlate(channels, pixel_size, None)
        plate_id, plate = self._known[name]
        well_id = place.well and find_well(self._connection, plate_id, place.well)
        return replace(plate, well_id=well_id or None)
