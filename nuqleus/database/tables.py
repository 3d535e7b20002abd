"""Tables of the database. Words are those of `docs/architecture.md`; names of measurements are scikit-image's.

Lengths are in pixels, areas in square pixels, angles in radians, times in UTC. A measurement that isn't a number
(the form factor of a single pixel, say) is NULL. What changes here needs a migration beside it. Tables of
plates are in `plate_tables.py`.
"""

from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Double,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    Text,
    TextClause,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nuqleus.database.column_types import EscapedPath, EscapedText, UtcTimestamp
from nuqleus.database.file_states import FileState

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

NEVER_REUSED = {"sqlite_autoincrement": True}
"""For ids that others keep (a message in the queue, somebody's notes): a deleted row's number isn't given again."""

FAILED, IGNORED = text("state = 'failed'"), text("state = 'ignored'")
MISSED = text("missed_at IS NOT NULL")
GUESSED = text("nuclear_channel_by = 'guess'")
WAITING_MEMBER = text("state = 'waiting' AND field_key IS NOT NULL")
"""Conditions of indexes over some rows alone."""


def _index_where(name: str, condition: TextClause, *columns: str) -> Index:
    """An index over some rows alone."""
    return Index(name, *columns, postgresql_where=condition, sqlite_where=condition)


def _state_type(*, checked: bool = False) -> Enum:
    return Enum(
        FileState,
        name="state",
        native_enum=False,
        create_constraint=checked,
        length=16,
        values_callable=lambda states: [state.value for state in states],
    )


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        float: Double(),
        str: Text(),
        bool: Boolean(),
        dict[str, Any]: JSON(),
    }


class File(Base):
    """A path below the watched folder.

    Attributes:
        path: relative to the watched folder, with `/`; odd names are escaped as `nuqleus.paths` says.
        size: bytes, when it was last looked at.
        mtime_ns: time of change in nanoseconds since 1970, and with `inode` and `ctime_ns` what is compared to see
            whether the file changed; see `nuqleus.file_stat`.
        gone_at: when the path was no longer there; NULL while it is. Results that the file has are kept.
        missed_at: when the file was to be processed again, and its path was not there, so that it is what it was
            before; NULL where it is there again, or is queued again.
        sha256: of the content that the results belong to.
        previous_state: the state that a file had before it was queued again; it goes back to it if there is nothing
            to do after all. NULL where it is queued for the first time, and when it has ended.
        suspected: queued again only because its stamp changed: if the content is still the same, so are the results.
        image_options: how the images were looked at for these results; see `nuqleus.image_options`.
        urgent: whether it went before others, when it was queued last.
        attempts: times that a worker has begun with this content.
        lease_owner: the worker that owns the file while it is running.
        lease_expires_at: from then on the worker counts as dead.
        error_kind: short name of the reason of a failure.
        error: the reason in words.
        ignored_by: why the file is no image, in a word of `docs/formats.md`, while its state is `ignored`.
        duplicate_of: the file of the same content whose results count for this one too; if that one is deleted, its
            first duplicate inherits them (`nuqleus.database.migrations.deletion_triggers`).
        field_key: the field of a plate that the file is a part of, as `nuqleus.fields.FieldPlace` writes it; NULL for a
            file on its own.
        field_channel: which channel of the field it holds, as its microscope calls it (`w1`, `C01`, `UV - DAPI`).
        field_z: which step of the field's z-stack, 0-based; NULL where the name says none.
        companion_of: the lead of the field, which has its results, while the state is `companion`. A companion that
            changed is `waiting`, and refers to the lead all the same.
    """

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("path"),
        # the sweep, and counts by state
        Index(None, "state", "queued_at"),
        Index(None, "state", "lease_expires_at"),
        # lists of files, a page at a time
        Index(None, "state", "id"),
        Index(None, "started_at"),
        Index(None, "finished_at"),
        # the search for an original, and for the duplicates of a file
        Index(None, "sha256"),
        Index(None, "duplicate_of"),
        # the files of a field
        Index(None, "field_key"),
        Index(None, "companion_of"),
        # the fields that wait, however many other files do
        _index_where("ix_files_waiting_field_key", WAITING_MEMBER, "field_key"),
        # the last failures, and their number by kind
        _index_where("ix_files_failed_finished_at", FAILED, "finished_at", "id"),
        _index_where("ix_files_failed_error_kind", FAILED, "error_kind"),
        # the number of files that were to be processed again and are not there
        _index_where("ix_files_missed_at", MISSED, "missed_at"),
        # the number of ignored files by reason
        _index_where("ix_files_ignored_by", IGNORED, "ignored_by"),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(EscapedPath())
    size: Mapped[int] = mapped_column(BigInteger())
    mtime_ns: Mapped[int] = mapped_column(BigInteger())
    inode: Mapped[int | None] = mapped_column(BigInteger())
    ctime_ns: Mapped[int | None] = mapped_column(BigInteger())
    gone_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    missed_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    sha256: Mapped[str | None]
    image_options: Mapped[str | None] = mapped_column(EscapedText())
    state: Mapped[FileState] = mapped_column(_state_type(checked=True))
    previous_state: Mapped[FileState | None] = mapped_column(_state_type())
    suspected: Mapped[bool] = mapped_column(default=False, server_default=false())
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    error_kind: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(EscapedText())
    ignored_by: Mapped[str | None]
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    field_key: Mapped[str | None] = mapped_column(EscapedPath())
    field_channel: Mapped[str | None] = mapped_column(EscapedPath())
    field_z: Mapped[int | None]
    companion_of: Mapped[int | None] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"))
    discovered_at: Mapped[float] = mapped_column(UtcTimestamp())
    queued_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    started_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    finished_at: Mapped[float | None] = mapped_column(UtcTimestamp())


class Model(Base):
    """A network that produced results; the same weights are the same model."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("weights_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weights_sha256: Mapped[str]
    config: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any]]
    code_version: Mapped[str]


class Image(Base):
    """A 2-D plane of a file: one for a PNG; one per scene, time point and z for a stack.

    A file that is `done` has all of its rows; one that is retried keeps the old ones until new ones replace them.
    `seconds_*` say where the time went. Nuclei were sought in `nuclear_channel`, or in all colours where it is NULL;
    `nuclear_channel_by` says how it was chosen, `pixel_size_from` which part of the file gave the pixel size, or why it
    isn't known (both are NULL in rows from before version 0007 of the schema). `scene_name` is what the file calls the
    scene; `projection` (`max`, `mean`) says that the image was made of a z-stack. A field of a plate says which well it
    lies in, its number there (`site`), and the channels that it lacks (`missing_channels`, with commas between).

    `nuclear_diameter` is that of the nuclei of the file, in pixels, by which `zoom` was chosen: how large the network
    saw the image; NULL without nuclei. `confidence` (0..1) says how sure it was; NULL if it doesn't tell. All three are
    NULL in rows from before version 0012.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("file_id", "scene", "t", "z"),
        Index(None, "model_id"),
        # wells whose statistics are out of date
        Index(None, "well_id", "id"),
        # how many channels were guessed, and where
        _index_where("ix_images_guessed", GUESSED, "file_id"),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"))
    scene: Mapped[int]
    t: Mapped[int]
    z: Mapped[int]
    height: Mapped[int]
    width: Mapped[int]
    channels: Mapped[int]
    dtype: Mapped[str]
    pixel_size_um: Mapped[float | None]
    pixel_size_from: Mapped[str | None]
    nuclear_channel: Mapped[int | None]
    nuclear_channel_by: Mapped[str | None]
    scene_name: Mapped[str | None] = mapped_column(EscapedText())
    projection: Mapped[str | None]
    # of a row of `wells`; not enforced, since SQLite would have to copy the table for it
    well_id: Mapped[int | None]
    site: Mapped[int | None]
    missing_channels: Mapped[str | None] = mapped_column(EscapedText())
    n_nuclei: Mapped[int]
    nuclear_diameter: Mapped[float | None]
    zoom: Mapped[float | None]
    confidence: Mapped[float | None]
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    seconds_read: Mapped[float | None]
    seconds_normalise: Mapped[float | None]
    seconds_network: Mapped[float | None]
    seconds_instances: Mapped[float | None]
    seconds_measure: Mapped[float | None]
    seconds_store: Mapped[float | None]


class Channel(Base):
    """A channel of an image that the file names. Channels count from 0."""

    __tablename__ = "channels"
    __table_args__ = ({"sqlite_with_rowid": False},)

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(EscapedText())


class Mask(Base):
    """A block of an image's label image (0 background, 1..N nuclei); small images have one.

    `data` is a file that other tools open: a TIFF with zlib compression for the encoding `tiff-zlib`.
    """

    __tablename__ = "masks"

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    row0: Mapped[int] = mapped_column(primary_key=True)
    col0: Mapped[int] = mapped_column(primary_key=True)
    height: Mapped[int]
    width: Mapped[int]
    encoding: Mapped[str]
    data: Mapped[bytes]


class Overview(Base):
    """A small picture of an image with the outlines of its nuclei, for looking through many."""

    __tablename__ = "overviews"

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    media_type: Mapped[str]
    data: Mapped[bytes]


class Nucleus(Base):
    """One nucleus in a plane: its size and shape. `bbox_*` is half-open, as in scikit-image.

    `circularity` is NULL for nuclei that were measured before version 0008 of the schema. `confidence` (0..1) says how
    sure the network was; NULL before version 0012, and by networks that don't tell.
    """

    __tablename__ = "nuclei"
    # kept in the order of its key: no second copy of the key, and an image's nuclei lie together
    __table_args__ = ({"sqlite_with_rowid": False},)

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[int] = mapped_column(primary_key=True)
    centroid_row: Mapped[float]
    centroid_col: Mapped[float]
    bbox_row0: Mapped[int]
    bbox_col0: Mapped[int]
    bbox_row1: Mapped[int]
    bbox_col1: Mapped[int]
    area: Mapped[float]
    area_bbox: Mapped[float | None]
    area_convex: Mapped[float | None]
    area_filled: Mapped[float | None]
    perimeter: Mapped[float | None]
    perimeter_crofton: Mapped[float | None]
    equivalent_diameter_area: Mapped[float | None]
    axis_major_length: Mapped[float | None]
    axis_minor_length: Mapped[float | None]
    eccentricity: Mapped[float | None]
    orientation: Mapped[float | None]
    solidity: Mapped[float | None]
    extent: Mapped[float | None]
    euler_number: Mapped[int | None]
    feret_diameter_max: Mapped[float | None]
    form_factor: Mapped[float | None]
    circularity: Mapped[float | None]
    touches_border: Mapped[bool]
    confidence: Mapped[float | None]


class Intensity(Base):
    """One nucleus in one channel, in the file's own units. Channels count from 0."""

    __tablename__ = "intensities"
    __table_args__ = ({"sqlite_with_rowid": False},)

    # refers to the image, not the nucleus: deleting an image is then one delete here, not one a nucleus
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    intensity_mean: Mapped[float | None]
    intensity_median: Mapped[float | None]
    intensity_min: Mapped[float | None]
    intensity_max: Mapped[float | None]
    intensity_std: Mapped[float | None]
    intensity_integrated: Mapped[float | None]
    intensity_lower_quartile: Mapped[float | None]
    intensity_upper_quartile: Mapped[float | None]
    intensity_mad: Mapped[float | None]
    mass_displacement: Mapped[float | None]
    intensity_edge_mean: Mapped[float | None]
    intensity_edge_std: Mapped[float | None]


class SchedulerLease(Base):
    """The one row that says which folder the files lie in, and which scheduler looks after it.

    Attributes:
        id: 1.
        folder: absolute, as the scheduler sees it.
        device: number of the device that the folder lay on when files were last seen in it.
        leader: the scheduler's name, for people.
        process_identity: the same for programs; see `nuqleus.process_identity`.
        lease_expires_at: from then on another scheduler may take over.
        failing_since: since when the leader can't do its work; NULL while it can.
        trouble: why, in words.
        ungrouped_files: how many files of plates an earlier version processed one by one; NULL until they are counted.
    """

    __tablename__ = "scheduler_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    folder: Mapped[str] = mapped_column(EscapedPath())
    device: Mapped[int | None] = mapped_column(BigInteger())
    leader: Mapped[str | None]
    process_identity: Mapped[str | None]
    lease_expires_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    failing_since: Mapped[float | None] = mapped_column(UtcTimestamp())
    trouble: Mapped[str | None] = mapped_column(EscapedText())
    ungrouped_files: Mapped[int | None]


class Worker(Base):
    """A live worker; gone when it stops, and silent (`seen_at`) when it was killed.

    Attributes:
        process_identity: see `nuqleus.process_identity`.
    """

    __tablename__ = "workers"
    __table_args__ = (Index(None, "seen_at"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    process_identity: Mapped[str | None]
    device: Mapped[str]
    started_at: Mapped[float] = mapped_column(UtcTimestamp())
    seen_at: Mapped[float] = mapped_column(UtcTimestamp())
    files_done: Mapped[int] = mapped_column(default=0)
