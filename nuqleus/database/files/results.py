"""Results: what was found in a file, image by image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nuqleus.database.bulk_insert import Columns
from nuqleus.database.files.records import Claim
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions


class MaskBlock(Protocol):
    """A block of a label image, encoded (`model.labels.masks.MaskBlock`)."""

    @property
    def row0(self) -> int:
        """First row."""

    @property
    def col0(self) -> int:
        """First column."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def encoding(self) -> str:
        """How `data` is to be read."""

    @property
    def data(self) -> bytes:
        """The label image, as a file."""


@dataclass(frozen=True)
class ImageResult:
    """Everything about one 2-D plane.

    Attributes:
        scene: number of the scene in the file, from 0; `t` and `z` likewise.
        height: rows in pixels; `width` columns; `channels` planes of colour.
        dtype: of the file's pixels, as numpy names it.
        pixel_size_um: side of a pixel in µm, if the file says so.
        masks: blocks that together make the label image.
        nuclei: columns of `nuclei` but `image_id`: N rows each, as `measure_shapes` returns them.
        intensities: columns of `intensities` but `image_id`: N × channels rows each, as `measure_intensities`
            returns them.
        seconds: what the stages took: `read`, `normalise`, `network`, `instances`, `measure`.
        pixel_size_from: which part of the file gave the pixel size; without one, why it isn't known.
        nuclear_channel: the channel in which the nuclei were sought; None for a colour image seen as a whole.
        nuclear_channel_by: how it was chosen (`model.reading.channels.ChosenBy`).
        scene_name: what the file calls the scene.
        projection: `max` or `mean` where it was made of a z-stack.
        channel_names: one per channel where the file names them, else empty.
        nuclear_diameter: of the nuclei of the file, in pixels, by which `zoom` was chosen; None if it has none.
        zoom: how large the network saw the image.
        confidence: how sure the network was of the image, 0..1; None if it doesn't tell.
        overview: a small picture of it, as a JPEG; None where nobody wants any.
        missing_channel_numbers: of channels that the plate has and the image lacks.
        missing_channels: what these are called in names of files, with `, ` between; None where it lacks none.
        quality: columns of `image_quality` but `image_id`: a row a channel.
        textures: columns of `textures` but `image_id`, a row a nucleus and channel; empty if nobody asked for any.
        ring_gap: see `ring_width`.
        ring_width: of rings, in pixels, beyond their gap; None without nuclei, as `neighbor_distance`.
        neighbor_distance: within which nuclei are neighbours, in pixels.
        area_fraction: share of the image that nuclei cover.
        well_id: of the well that the image shows a site of; None outside plates, as `site`.
    """

    scene: int
    t: int
    z: int
    height: int
    width: int
    channels: int
    dtype: str
    pixel_size_um: float | None
    masks: Sequence[MaskBlock]
    nuclei: Columns
    intensities: Columns
    seconds: Mapping[str, float]
    pixel_size_from: str | None = None
    nuclear_channel: int | None = None
    nuclear_channel_by: str | None = None
    scene_name: str | None = None
    projection: str | None = None
    channel_names: Sequence[str] = ()
    nuclear_diameter: float | None = None
    zoom: float | None = None
    confidence: float | None = None
    overview: bytes | None = None
    missing_channel_numbers: Sequence[int] = ()
    missing_channels: str | None = None
    quality: Columns = field(default_factory=dict)
    textures: Columns = field(default_factory=dict)
    ring_gap: float | None = None
    ring_width: float | None = None
    neighbor_distance: float | None = None
    area_fraction: float | None = None
    well_id: int | None = None
    site: int | None = None


@dataclass(frozen=True)
class FileResults:
    """Results of a file, ready to be written.

    Attributes:
        sha256: of the content that the results belong to.
        model_id: of the network that found them.
        images: what is in each of the file's images.
        image_options: how they were looked at.
        companions: SHA-256 of each companion, by the file's id.
    """

    claim: Claim
    sha256: str
    model_id: int
    images: Sequence[ImageResult]
    image_options: ImageOptions = DEFAULT_OPTIONS
    companions: Mapping[int, str] = field(default_factory=dict)
