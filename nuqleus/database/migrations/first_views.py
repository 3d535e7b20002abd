"""The views of migration 0001, as SQL that SQLite and PostgreSQL both take.

`nuclei_um` gives lengths in µm and areas in µm² for the images whose pixel size is known.

`Per_Image` and `Per_Object` carry the names that CellProfiler's ExportToDatabase gives to an object called Nuclei, so
that CellProfiler Analyst and scripts written for its tables open the database. As there: X is across, Y is down,
orientation is in degrees, ImageNumber starts at 1. Unlike there: intensities are in the file's own units, not scaled
to 0..1. Channels are called after their number, from Ch0 to Ch3; `intensities` has all of them.

What a migration made stays as it was: the names stand here for good, whatever `nuqleus export` calls a measurement.
"""

PI = "3.141592653589793"

LENGTHS = (
    "perimeter",
    "perimeter_crofton",
    "equivalent_diameter_area",
    "axis_major_length",
    "axis_minor_length",
    "feret_diameter_max",
)
AREAS = ("area", "area_bbox", "area_convex", "area_filled")

CHANNELS = range(4)

SHAPES = {
    "Location_Center_X": "n.centroid_col",
    "Location_Center_Y": "n.centroid_row",
    "AreaShape_Area": "n.area",
    "AreaShape_BoundingBoxArea": "n.area_bbox",
    "AreaShape_BoundingBoxMinimum_X": "n.bbox_col0",
    "AreaShape_BoundingBoxMinimum_Y": "n.bbox_row0",
    "AreaShape_BoundingBoxMaximum_X": "n.bbox_col1",
    "AreaShape_BoundingBoxMaximum_Y": "n.bbox_row1",
    "AreaShape_Compactness": f"n.perimeter * n.perimeter / (4 * {PI} * n.area)",
    "AreaShape_ConvexArea": "n.area_convex",
    "AreaShape_Eccentricity": "n.eccentricity",
    "AreaShape_EquivalentDiameter": "n.equivalent_diameter_area",
    "AreaShape_EulerNumber": "n.euler_number",
    "AreaShape_Extent": "n.extent",
    "AreaShape_FormFactor": "n.form_factor",
    "AreaShape_MajorAxisLength": "n.axis_major_length",
    "AreaShape_MaxFeretDiameter": "n.feret_diameter_max",
    "AreaShape_MinorAxisLength": "n.axis_minor_length",
    "AreaShape_Orientation": f"n.orientation * 180 / {PI}",
    "AreaShape_Perimeter": "n.perimeter",
    "AreaShape_Solidity": "n.solidity",
}

INTENSITIES = {
    "IntegratedIntensity": "intensity_integrated",
    "LowerQuartileIntensity": "intensity_lower_quartile",
    "MADIntensity": "intensity_mad",
    "MassDisplacement": "mass_displacement",
    "MaxIntensity": "intensity_max",
    "MeanIntensity": "intensity_mean",
    "MeanIntensityEdge": "intensity_edge_mean",
    "MedianIntensity": "intensity_median",
    "MinIntensity": "intensity_min",
    "StdIntensity": "intensity_std",
    "StdIntensityEdge": "intensity_edge_std",
    "UpperQuartileIntensity": "intensity_upper_quartile",
}


def _nuclei_um() -> str:
    columns = [
        *(f"n.{name} * i.pixel_size_um AS {name}_um" for name in ("centroid_row", "centroid_col", *LENGTHS)),
        *(f"n.{name} * i.pixel_size_um * i.pixel_size_um AS {name}_um2" for name in AREAS),
    ]
    source = "FROM nuclei n JOIN images i ON i.id = n.image_id WHERE i.pixel_size_um IS NOT NULL"
    return f"SELECT n.image_id, n.label, i.pixel_size_um, {', '.join(columns)} {source}"


def _per_image() -> str:
    columns = {
        "ImageNumber": "i.id",
        "Image_FileName_Original": "f.path",
        "Image_Metadata_Scene": "i.scene",
        "Image_Metadata_T": "i.t",
        "Image_Metadata_Z": "i.z",
        "Image_Height_Original": "i.height",
        "Image_Width_Original": "i.width",
        "Image_Count_Nuclei": "i.n_nuclei",
    }
    return f"SELECT {_named(columns)} FROM images i JOIN files f ON f.id = i.file_id"  # noqa: S608


def _per_object() -> str:
    columns = {"ImageNumber": "n.image_id", "ObjectNumber": "n.label"}
    columns |= {f"Nuclei_{name}": expression for name, expression in SHAPES.items()}
    columns["Nuclei_Number_Object_Number"] = "n.label"
    for channel in CHANNELS:
        columns |= {
            f"Nuclei_Intensity_{name}_Ch{channel}": f"c{channel}.{column}"
            for name, column in INTENSITIES.items()
        }
    joins = " ".join(_channel_join(channel) for channel in CHANNELS)
    return f"SELECT {_named(columns)} FROM nuclei n {joins}"  # noqa: S608


def _channel_join(channel: int) -> str:
    table = f"c{channel}"
    return (
        f"LEFT JOIN intensities {table} ON {table}.image_id = n.image_id AND {table}.label = n.label "
        f"AND {table}.channel = {channel}"
    )


def _named(columns: dict[str, str]) -> str:
    return ", ".join(f'{expression} AS "{name}"' for name, expression in columns.items())


VIEWS = {"nuclei_um": _nuclei_um(), "Per_Image": _per_image(), "Per_Object": _per_object()}
