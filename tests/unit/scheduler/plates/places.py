"""Where a file of a plate lies, in the order in which tests write it down."""

from nuqleus.fields import FieldFile


def written_place(file: FieldFile) -> tuple[object, ...]:
    """Folder, plate, well, site, time point, step of z, channel."""
    place = file.place
    return place.plate_folder, place.plate, place.well, place.site, place.t, file.z, file.channel
