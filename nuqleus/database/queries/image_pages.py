"""Image pages: images, a page at a time, and what is known of one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, or_, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import PENDING_STATES
from nuqleus.database.plates import find_plate, plate_channels
from nuqleus.database.queries.searching import Search, path_holds
from nuqleus.database.tables import Channel, File, Image, Mask, Overview
from nuqleus.fields import FieldPlace
from nuqleus.file_stat import FileStat

PAGE_SIZE = 60
"""Images on a page."""


@dataclass(frozen=True)
class ListedImage:
    """An image of a page; `place` says which of its file's images it is, where a file has several."""

    id: int
    file_id: int
    path: str
    scene: int
    t: int
    z: int
    scene_name: str | None
    well_id: int | None
    site: int | None
    height: int
    width: int
    n_nuclei: int

    @property
    def place(self) -> str:
        """Which image of its file it is: ` · scene 2 · z 4`; empty for the first."""
        scene = (
            [f" · {self.scene_name}"] if self.scene_name else [f" · scene {self.scene}"] * bool(self.scene)
        )
        return "".join([*scene, *[f" · t {self.t}"] * bool(self.t), *[f" · z {self.z}"] * bool(self.z)])


@dataclass(frozen=True)
class ImagePage:
    """A page of images, the newest first.

    Attributes:
        images: what is on it.
        next_before: asks for the next page; None on the last.
    """

    images: list[ListedImage]
    next_before: int | None


@dataclass(frozen=True)
class FieldPart:
    """A file of a field of a plate, which is one image: `channel` is its number in the plate."""

    path: str
    size: int
    mtime_ns: int
    channel: int
    z: int | None


@dataclass(frozen=True)
class ImageDetails:
    """What is known of an image, and how it is read from its file.

    Attributes:
        listed: what lists show.
        stat: of the file whose content was measured.
        sha256: of the content that was measured; of a field, of all its files.
        is_pending: whether the file is to be looked at anew: it may hold something else by now.
        image_options: how the file was looked at.
        channels: how many there are.
        channel_names: one per channel where the file names them, else empty.
        missing_channels: those of its plate that a field was measured without, as the microscope calls them.
        projection: how it was made of a z-stack.
        nuclear_channel: where nuclei were sought.
        nuclear_channel_by: how that was chosen.
        pixel_size_um: side of a pixel.
        gone: whether the file is no longer in the folder.
        field: all files of a field of a plate, its own among them; empty for a file on its own.
    """

    listed: ListedImage
    stat: FileStat
    sha256: str | None
    is_pending: bool
    image_options: str | None
    channels: int
    channel_names: tuple[str, ...]
    missing_channels: str | None
    projection: str | None
    nuclear_channel: int | None
    nuclear_channel_by: str | None
    pixel_size_um: float | None
    gone: bool
    field: tuple[FieldPart, ...]


_LISTED: tuple[Any, ...] = (
    Image.id,
    Image.file_id,
    File.path,
    Image.scene,
    Image.t,
    Image.z,
    Image.scene_name,
    Image.well_id,
    Image.site,
    Image.height,
    Image.width,
    Image.n_nuclei,
)
_DETAILED: tuple[Any, ...] = (
    *_LISTED,
    *(
        Image.channels,
        Image.missing_channels,
        Image.projection,
        Image.nuclear_channel,
        Image.nuclear_channel_by,
        Image.pixel_size_um,
    ),
    *(File.size, File.mtime_ns, File.inode, File.ctime_ns),
    *(File.sha256, File.state, File.image_options, File.gone_at, File.field_key),
)


def list_images(
    engine: Engine,
    *,
    path: str | None = None,
    file_id: int | None = None,
    well_id: int | None = None,
    before: int | None = None,
) -> ImagePage:
    """List images with ids below `before`, from the newest on; of a file, a well, or paths that hold a text."""
    keys = (Image.file_id, file_id), (Image.well_id, well_id)
    chosen = [column == value for column, value in keys if value is not None]
    matching = select(*_LISTED).join(File, File.id == Image.file_id).where(*chosen)
    if path:
        matching = matching.where(path_holds(File.path, path))
    with reading(engine) as connection:
        search = Search(select(Image.id).where(*chosen), matching, Image.__table__.c.id)
        found = search.newest(connection, before, PAGE_SIZE)
    return ImagePage(_listed(found.rows), found.next_before)


def first_images(engine: Engine, file_id: int) -> list[ListedImage]:
    """The first images of a file, in order."""
    query = select(*_LISTED).join(File, File.id == Image.file_id).where(Image.file_id == file_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(Image.scene, Image.t, Image.z).limit(PAGE_SIZE))
        return _listed(rows.all())


def paths_of_images(engine: Engine, image_ids: Collection[int]) -> dict[int, str]:
    """Return the path of the file of each image."""
    query = select(Image.id, File.path).join(File, File.id == Image.file_id).where(Image.id.in_(image_ids))
    with reading(engine) as connection:
        return {image_id: path for image_id, path in connection.execute(query)}  # noqa: C416 - for mypy


def get_image(engine: Engine, image_id: int) -> ImageDetails | None:
    """Return what is known of an image; None if there is none of this id."""
    query = select(*_DETAILED).join(File, File.id == Image.file_id).where(Image.id == image_id)
    names = select(Channel.name).where(Channel.image_id == image_id).order_by(Channel.channel)
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return ImageDetails(
            listed=_as_listed(row),
            stat=FileStat(row.size, row.mtime_ns, row.inode, row.ctime_ns),
            sha256=row.sha256,
            is_pending=row.state in PENDING_STATES,
            image_options=row.image_options,
            channels=row.channels,
            channel_names=tuple(connection.scalars(names)),
            missing_channels=row.missing_channels,
            projection=row.projection,
            nuclear_channel=row.nuclear_channel,
            nuclear_channel_by=row.nuclear_channel_by,
            pixel_size_um=row.pixel_size_um,
            gone=row.gone_at is not None,
            field=_field_parts(connection, row.file_id, row.field_key),
        )


def get_overview_picture(engine: Engine, image_id: int) -> bytes | None:
    """Return the small picture that a worker stored; None if there is none."""
    with reading(engine) as connection:
        return connection.scalar(select(Overview.data).where(Overview.image_id == image_id))


def get_mask_blocks(
    engine: Engine, image_id: int, rows: tuple[int, int], columns: tuple[int, int]
) -> list[Row[Any]]:
    """Return the blocks of an image's mask that share pixels with a rectangle, as they are stored."""
    query = select(Mask.row0, Mask.col0, Mask.height, Mask.width, Mask.encoding, Mask.data).where(
        Mask.image_id == image_id,
        Mask.row0 < rows[1],
        Mask.row0 + Mask.height > rows[0],
        Mask.col0 < columns[1],
        Mask.col0 + Mask.width > columns[0],
    )
    with reading(engine) as connection:
        return list(connection.execute(query))


def _field_parts(connection: Connection, file_id: int, field_key: str | None) -> tuple[FieldPart, ...]:
    if field_key is None:
        return ()
    columns = (File.path, File.size, File.mtime_ns, File.field_channel, File.field_z)
    of_field = or_(File.id == file_id, File.companion_of == file_id)
    files = connection.execute(select(*columns).where(of_field).order_by(File.id)).all()
    plate = find_plate(connection, FieldPlace.parse(field_key))
    numbers = {channel.key: channel.channel for channel in plate_channels(connection, plate)} if plate else {}
    if not numbers:
        numbers = {
            key: number for number, key in enumerate(sorted({str(file.field_channel) for file in files}))
        }
    return tuple(
        FieldPart(file.path, file.size, file.mtime_ns, numbers[str(file.field_channel)], file.field_z)
        for file in files
        if str(file.field_channel) in numbers
    )


def _listed(rows: Sequence[Row[Any]]) -> list[ListedImage]:
    return [_as_listed(row) for row in rows]


def _as_listed(row: Row[Any]) -> ListedImage:
    return ListedImage(**{column.key: row._mapping[column.key] for column in _LISTED})
