"""The views of migration 0024: those of 0012 and 0016, and what is around nuclei, and how good images are.

Names are CellProfiler's where it has one (`docs/measurements.md`), else our own; `nuqleus export` takes them from here.
What an earlier version measured is NULL.
"""

from nuqleus.database.migrations import confidence_views, field_views
from nuqleus.database.migrations.counting_views import nuclei_um_view, per_image_view, per_object_view

NEIGHBORS = {
    "Neighbors_Density": "n.neighbor_density",
    "Neighbors_FirstClosestDistance": "n.neighbor_nearest_distance",
    "Neighbors_NumberOfNeighbors": "n.neighbor_count",
    "Neighbors_PercentTouching": "100 * n.neighbor_touching_fraction",
    "Neighbors_RingArea": "n.ring_area",
}
"""Of a nucleus; `Density` and `RingArea` are our own."""

NEAREST = {"Neighbors_FirstClosestObjectNumber": "n.neighbor_nearest_label"}
"""Which nucleus that is: no feature."""

SURROUNDINGS = {
    "MeanIntensityCorrected": "intensity_mean_corrected",
    "IntegratedIntensityCorrected": "intensity_integrated_corrected",
    "MeanIntensityRing": "intensity_ring_mean",
    "MedianIntensityRing": "intensity_ring_median",
    "IntegratedIntensityRing": "intensity_ring_integrated",
    "RatioToRing": "intensity_ring_ratio",
    "RatioToRingCorrected": "intensity_ring_ratio_corrected",
    "EdgeSharpness": "edge_sharpness",
}
"""Of a nucleus in a channel, `Intensity_…`; all of them our own."""

QUALITY = {
    "ImageQuality_Background": "{q}.background",
    "ImageQuality_IlluminationGradient": "{q}.illumination_gradient",
    "ImageQuality_LaplacianVariance": "{q}.laplacian_variance",
    "ImageQuality_PercentMaximal": "100 * {q}.fraction_at_max",
    "ImageQuality_PercentMinimal": "100 * {q}.fraction_at_min",
    "ImageQuality_PowerLogLogSlope": "{q}.power_log_log_slope",
}
"""Of a channel of an image."""

DISTANCES = {
    "Metadata_RingGap": "i.ring_gap",
    "Metadata_RingWidth": "i.ring_width",
    "Metadata_NeighborDistance": "i.neighbor_distance",
}
"""Of an image, in pixels: how far was looked around nuclei."""

AREA_FRACTION = {"AreaOccupied_AreaFraction_Nuclei": "i.area_fraction"}

VIEWS = {
    "nuclei_um": nuclei_um_view(
        ("confidence",),
        lengths=("neighbor_nearest_distance",),
        areas=("ring_area",),
        densities=("neighbor_density",),
    ),
    "Per_Image": per_image_view(
        {
            **field_views.OF_IMAGE,
            **{f"Image_{name}": expression for name, expression in (DISTANCES | AREA_FRACTION).items()},
        },
        {f"Image_{name}": expression for name, expression in QUALITY.items()},
    ),
    "Per_Object": per_object_view(
        {
            **confidence_views.OF_NUCLEUS,
            **{f"Nuclei_{name}": expression for name, expression in (NEIGHBORS | NEAREST).items()},
        },
        {f"Nuclei_Intensity_{name}": f"{{c}}.{column}" for name, column in SURROUNDINGS.items()},
    ),
}
