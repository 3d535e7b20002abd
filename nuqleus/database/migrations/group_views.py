"""The views of migration 0020, of image groups, as SQL that SQLite and PostgreSQL both take.

A group is a plate, or a folder of images that are on none. Medians are stored rows, made by the scheduler.
"""

from dataclasses import dataclass

from nuqleus.database.migrations.counting_views import COUNTED
from nuqleus.database.migrations.field_views import FOLDER

WHOLE = -1
"""A channel's number in measurements of the whole image."""

MADS = 6
"""Median absolute deviations from the median, from which on an image stands out: 4 standard deviations of a normal
distribution, where one in 16,000 lies further away."""

MIN_IMAGES = 10
"""With fewer, a median absolute deviation says little."""

SATURATED = 0.0025
"""Share of the pixels at the image's maximum, from which on it is cut off there. It needs no other image."""

EARLIER_VERSION = "measured by an earlier version: `nuqleus retry PATH` measures it"


@dataclass(frozen=True)
class Compared:
    """A measurement that is compared with the group's, and what it says of an image far below or above.

    Attributes:
        least: difference from the median that matters, however alike the images are.
    """

    below: str | None
    above: str | None
    least: str


OF_CHANNELS = {
    "power_log_log_slope": Compared(
        "out of focus: the sharpness is", "little but noise: fine structure is", "0.1"
    ),
    "background": Compared(
        "dark background: it is", "bright background: it is", "CAST(0.1 AS DOUBLE PRECISION) * abs(median)"
    ),
    "fraction_at_min": Compared(None, "cut off at the dark end: the pixels at the minimum are", "0.01"),
    "illumination_gradient": Compared(None, "uneven illumination: the gradient is", "0.05"),
}
OF_IMAGES = {
    "area_fraction": Compared(
        "sparse: the area that nuclei cover is", "crowded: the area that nuclei cover is", "0.02"
    ),
}
COMPARED = OF_CHANNELS | OF_IMAGES

GROUPED_IMAGES = f"""
SELECT i.id AS image_id, i.file_id, f.path, i.scene, i.t, i.z, p.name AS plate, w.name AS well, i.site, i.n_nuclei,
  i.nuclear_channel, i.nuclear_channel_by, i.area_fraction,
  CASE WHEN w.id IS NULL THEN 'folder' ELSE 'plate' END AS compared_with,
  CASE WHEN w.id IS NULL THEN 'folder:' || {FOLDER.format(path="f.path")}
    ELSE 'plate:' || CAST(w.plate_id AS TEXT) END AS group_key
FROM images i JOIN files f ON f.id = i.file_id
LEFT JOIN wells w ON w.id = i.well_id LEFT JOIN plates p ON p.id = w.plate_id
WHERE {COUNTED}
"""  # noqa: S608


def _quality() -> str:
    place = "image_id, path, scene, t, z, plate, well, site, group_key, channel, measurement, value, median, mad, mads"
    return f"""
SELECT {place}, compared_images, as_of,
  CASE WHEN finding IS NOT NULL THEN 1 WHEN unknown_because IS NULL THEN 0 END AS stands_out,
  coalesce(finding, unknown_because) AS reason
FROM (
  SELECT c.*, {_finding()} AS finding, {_unknown_because()} AS unknown_because FROM ({_compared()}) c
) judged
"""  # noqa: S608


def _compared() -> str:
    """Each measurement of an image beside those of its group."""
    return f"""
SELECT i.*, nullif(m.channel, {WHOLE}) AS channel, m.measurement, m.value, s.median, s.mad,
  s.images AS compared_images, g.as_of, CASE WHEN s.mad > 0 THEN (m.value - s.median) / s.mad END AS mads
FROM grouped_images i JOIN ({_measured()}) m ON m.image_id = i.image_id
LEFT JOIN image_groups g ON g.key = i.group_key
LEFT JOIN group_statistics s ON s.group_key = g.key AND s.channel = m.channel AND s.name = m.measurement
"""  # noqa: S608


def _measured() -> str:
    """All measurements below each other."""
    of_channels = [
        _values(name, "image_id", "channel", "image_quality") for name in (*OF_CHANNELS, "fraction_at_max")
    ]
    of_images = [_values(name, "id", str(WHOLE), "images") for name in OF_IMAGES]
    return " UNION ALL ".join((*of_channels, *of_images))


def _values(name: str, image_id: str, channel: str, table: str) -> str:
    value = f"CAST({name} AS DOUBLE PRECISION) AS value"
    return (
        f"SELECT {image_id} AS image_id, {channel} AS channel, '{name}' AS measurement, {value} FROM {table}"  # noqa: S608
    )


def _finding() -> str:
    """What stands out, in words; NULL where nothing does."""
    saturated = (
        "CASE WHEN value >= 1 THEN 'blank: all pixels have the same value' "
        f"WHEN value > {SATURATED} THEN {_text('100 * value')} || ' % of the pixels saturated' END"
    )
    compared = " ".join(f"WHEN '{name}' THEN {_outlier(words)}" for name, words in COMPARED.items())
    return f"CASE measurement WHEN 'fraction_at_max' THEN {saturated} {compared} END"


def _outlier(words: Compared) -> str:
    number = f"CASE WHEN abs(mads) < 1000 THEN {_text('abs(mads)')} ELSE 'over 1000' END"
    far = {
        f"mads < -{MADS} AND median - value > {words.least}": (words.below, "below"),
        f"mads > {MADS} AND value - median > {words.least}": (words.above, "above"),
    }
    cases = " ".join(
        f"WHEN {condition} THEN '{what} ' || {number} || ' MADs {side} its ' || compared_with || '''s'"
        for condition, (what, side) in far.items()
        if what
    )
    return f"CASE WHEN compared_images < {MIN_IMAGES} THEN NULL {cases} END"


def _unknown_because() -> str:
    """Why nothing can be said, in words; NULL where something can."""
    return f"""
CASE WHEN area_fraction IS NULL THEN '{EARLIER_VERSION}'
  WHEN value IS NULL THEN 'can''t be measured in this image'
  WHEN measurement = 'fraction_at_max' THEN NULL
  WHEN as_of IS NULL THEN 'not compared yet'
  WHEN coalesce(compared_images, 0) < {MIN_IMAGES}
    THEN 'its ' || compared_with || ' has fewer than {MIN_IMAGES} images to compare it with'
  WHEN mad = 0 AND value <> median THEN 'most images of its ' || compared_with || ' have exactly the same value'
END
"""


def _text(number: str) -> str:
    """A number as text, with one decimal."""
    return f"CAST(round(CAST({number} AS NUMERIC), 1) AS TEXT)"


PHASES = {"sub-G1": 0.75, "G1": 1.25, "S": 1.75, "G2/M": 2.5}
"""Where each ends, by the DNA content of G1: halfway between the contents, whose spread is alike in all. See
`docs/measurements.md`."""


def _dna_intensity() -> str:
    """Each nucleus with its intensity, or why that doesn't tell how much DNA it has."""
    columns = "image_id, path, scene, t, z, plate, well, site, group_key, compared_with"
    intensity = "CAST(m.intensity_integrated_corrected AS DOUBLE PRECISION)"
    return f"""
SELECT {", ".join(f"i.{name}" for name in columns.split(", "))}, n.label, i.nuclear_channel AS channel,
  {intensity} AS intensity, {_intensity_unknown_because()} AS unknown_because
FROM nuclei n JOIN grouped_images i ON i.image_id = n.image_id
LEFT JOIN intensities m ON m.image_id = n.image_id AND m.label = n.label AND m.channel = i.nuclear_channel
LEFT JOIN image_quality q ON q.image_id = n.image_id AND q.channel = i.nuclear_channel
"""  # noqa: S608


def _intensity_unknown_because() -> str:
    return f"""
CASE WHEN i.area_fraction IS NULL THEN '{EARLIER_VERSION}'
  WHEN i.nuclear_channel IS NULL THEN 'a colour image: none of its channels shows DNA alone'
  WHEN i.nuclear_channel_by = 'guess' THEN 'which channel shows the nuclei was guessed'
  WHEN m.intensity_integrated_corrected IS NULL THEN 'its background can''t be measured'
  WHEN n.touches_border THEN 'the border of the image cuts it'
  WHEN q.fraction_at_max > {SATURATED} THEN {_text("100 * q.fraction_at_max")} || ' % of the pixels saturated'
  WHEN m.intensity_integrated_corrected <= 0 THEN 'it is no brighter than the background'
END
"""


def _dna_content() -> str:
    columns = "image_id, label, path, scene, t, z, plate, well, site, group_key, channel, intensity"
    place = ", ".join(f"m.{name}" for name in columns.split(", "))
    phases = " ".join(f"WHEN dna_content < {end} THEN '{phase}'" for phase, end in PHASES.items())
    return f"""
SELECT d.*, CASE WHEN dna_content IS NULL THEN NULL {phases} ELSE '>4N' END AS phase
FROM (
  SELECT {place}, CASE WHEN m.unknown_because IS NULL THEN m.intensity / k.position END AS dna_content,
    coalesce(m.unknown_because, {_peak_unknown_because()}) AS unknown_because, g.as_of
  FROM dna_intensity m
  LEFT JOIN image_groups g ON g.key = m.group_key
  LEFT JOIN g1_peaks k ON k.group_key = g.key AND k.t = m.t AND k.channel = m.channel
) d
"""  # noqa: S608


def _peak_unknown_because() -> str:
    return """
CASE WHEN k.nuclei IS NULL THEN 'the G1 peak of its ' || m.compared_with || ' is not made yet'
  WHEN k.position IS NULL THEN 'the G1 peak of its ' || m.compared_with || ' isn''t known: ' || k.unknown_because
END
"""


VIEWS = {
    "grouped_images": GROUPED_IMAGES,
    "quality": _quality(),
    "dna_intensity": _dna_intensity(),
    "dna_content": _dna_content(),
}
