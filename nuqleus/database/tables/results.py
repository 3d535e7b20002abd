"""Tables of results: images, their masks, their nuclei, and the models that found them."""

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nuqleus.database.column_types import EscapedText, Float4
from nuqleus.database.tables.base import NEVER_REUSED, Base, index_where

GUESSED = text("nuclear_channel_by = 'guess'")
UNSURE = text("confidence < 0.5")
"""Conditions of indexes over some rows alone."""


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
    lies in, its number there (`site`), and the channels that it lacks (`missing_channels`, with commas
    between; `?` for one that a rule asks for and nobody has seen).

    `nuclear_diameter` is that of the nuclei of the file, in pixels, by which `zoom` was chosen: how large the network
    saw the image; NULL without nuclei. `confidence` (0..1) says how sure it was; NULL if it doesn't tell. All three are
    NULL in rows from before version 0012.

    `ring_gap`, `ring_width` and `neighbor_distance` say how rings and neighbours were measured, in pixels; NULL without
    nuclei. `area_fraction` is the share of the image that nuclei cover. All four are NULL in rows from before version
    0018.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("file_id", "scene", "t", "z"),
        Index(None, "model_id"),
        # wells whose statistics are out of date
        Index(None, "well_id", "id"),
        # how many channels were guessed, and where
        index_where("ix_images_guessed", GUESSED, "file_id"),
        # of how many the network was less sure than not
        index_where("ix_images_unsure", UNSURE, "file_id"),
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
    ring_gap: Mapped[Float4]
    ring_width: Mapped[Float4]
    neighbor_distance: Mapped[Float4]
    area_fraction: Mapped[Float4]
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
    sure the network was; NULL before version 0012, and by networks that don't tell. `ring_*` and `neighbor_*` are NULL
    before version 0018.
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
    ring_area: Mapped[int | None]
    neighbor_count: Mapped[int | None]
    neighbor_touching_fraction: Mapped[Float4]
    neighbor_nearest_label: Mapped[int | None]
    neighbor_nearest_distance: Mapped[Float4]
    neighbor_density: Mapped[Float4]


class Intensity(Base):
    """One nucleus in one channel, in the file's own units. Channels count from 0.

    What comes after `intensity_edge_std` is NULL before version 0018.
    """

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
    intensity_ring_mean: Mapped[Float4]
    intensity_ring_median: Mapped[Float4]
    intensity_ring_integrated: Mapped[Float4]
    intensity_ring_ratio: Mapped[Float4]
    intensity_ring_ratio_corrected: Mapped[Float4]
    intensity_mean_corrected: Mapped[Float4]
    intensity_integrated_corrected: Mapped[Float4]
    edge_sharpness: Mapped[Float4]
