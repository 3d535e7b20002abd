"""Files of the channels of a field, whose image lies in several."""

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import aliased

from nuqleus.database.tables import File, PlateChannel, Well


def channel_files(connection: Connection, path: str, well_id: int, z: int) -> dict[int, str]:
    """Paths of the files that hold the channels of an image, by the channel's number; none if it is no field.

    Args:
        connection: to the database.
        path: of the field's lead, or of any other file.
        well_id: key of the image's well.
        z: plane of the image. Where several files hold a channel, it is that of this step, a projection, or the first.
    """
    lead = aliased(File)
    query = (
        select(PlateChannel.channel, File.field_z, File.path)
        .join(lead, or_(File.id == lead.id, File.companion_of == lead.id))
        .join(PlateChannel, PlateChannel.key == File.field_channel)
        .join(Well, Well.plate_id == PlateChannel.plate_id)
        .where(lead.path == path, Well.id == well_id)
    )
    files: dict[int, tuple[int, str]] = {}
    for channel, step, file in connection.execute(query):
        rank = -2 if step == z else -1 if step is None else step
        files[channel] = min(files.get(channel, (rank, file)), (rank, file))
    return {channel: file for channel, (_, file) in files.items()}
