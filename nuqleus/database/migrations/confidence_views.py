"""The views of migration 0012: those of 0008 (`counting_views`), and how sure the network was, and what it saw."""

from nuqleus.database.migrations.counting_views import (
    counted_images_view,
    nuclei_um_view,
    per_image_view,
    per_object_view,
)

OF_IMAGE = {
    "Image_Metadata_NuclearDiameter": "i.nuclear_diameter",
    "Image_Metadata_Zoom": "i.zoom",
    "Image_Metadata_Confidence": "i.confidence",
}

OF_NUCLEUS = {"Nuclei_Metadata_Confidence": "n.confidence"}

VIEWS = {
    "counted_images": counted_images_view(("nuclear_diameter", "zoom", "confidence")),
    "nuclei_um": nuclei_um_view(("confidence",)),
    "Per_Image": per_image_view(OF_IMAGE),
    "Per_Object": per_object_view(OF_NUCLEUS),
}
