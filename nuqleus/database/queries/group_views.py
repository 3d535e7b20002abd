"""Views of image groups, for queries of our own."""

from sqlalchemy import Double, Integer, Text, column, table

grouped_images = table(
    "grouped_images",
    column("image_id", Integer),
    column("t", Integer),
    column("nuclear_channel", Integer),
    column("group_key", Text),
)
quality = table(
    "quality",
    column("image_id", Integer),
    column("channel", Integer),
    column("measurement", Text),
    column("stands_out", Integer),
    column("reason", Text),
)
dna_intensity = table(
    "dna_intensity",
    column("image_id", Integer),
    column("t", Integer),
    column("channel", Integer),
    column("intensity", Double),
    column("unknown_because", Text),
)
dna_content = table(
    "dna_content",
    column("image_id", Integer),
    column("label", Integer),
    column("dna_content", Double),
    column("phase", Text),
    column("unknown_because", Text),
)
"""Those of their columns that are asked for here."""
