"""What the views say beside the tables: the nuclear channel, the plane of a nucleus, zoom and confidence."""

from dataclasses import replace

import numpy as np
from sqlalchemy import text

from nuqleus.database.engine import reading
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.cookbook_files import fill


def test_the_views_say_which_channel_is_nuclear_and_which_plane_a_nucleus_is_in(archive: Archive):
    fill(archive)
    with reading(archive.engine) as connection:
        images = connection.execute(text('SELECT * FROM "Per_Image" ORDER BY "ImageNumber"')).mappings().all()
        of_image = text('SELECT * FROM "Per_Object" WHERE "ImageNumber" = 2 ORDER BY "ObjectNumber"')
        objects = connection.execute(of_image).mappings().all()
        in_um = connection.execute(text("SELECT * FROM nuclei_um")).mappings().all()

    assert [images[0][f"Image_Metadata_NuclearChannel{end}"] for end in ("", "Name", "By")] == [
        1,
        "DAPI",
        "name",
    ]
    assert images[0]["Image_Metadata_ChannelName_Ch0"] == "GFP"
    assert images[0]["Image_Metadata_ChannelName_Ch2"] is None
    assert [bool(one["touches_border"]) for one in objects] == [True, False]
    assert {one["Nuclei_Metadata_NuclearChannel"] for one in objects} == {0}
    assert {(one["t"], one["z"], bool(one["touches_border"])) for one in in_um} == {(0, 0, False)}


def test_the_views_say_how_large_the_network_saw_an_image_and_how_sure_it_was(archive: Archive):
    confidence = np.array([0.75, 0.25])
    image = replace(image_result(2, pixel_size_um=1.0), nuclear_diameter=60.0, zoom=0.5, confidence=0.5)
    archive.done("a.png", "a", [replace(image, nuclei={**image.nuclei, "confidence": confidence})])

    with reading(archive.engine) as connection:
        (per_image,) = connection.execute(text('SELECT * FROM "Per_Image"')).mappings()
        (counted,) = connection.execute(text("SELECT * FROM counted_images")).mappings()
        objects = connection.execute(text('SELECT * FROM "Per_Object" ORDER BY "ObjectNumber"')).mappings()
        in_um = connection.execute(text("SELECT * FROM nuclei_um ORDER BY label")).mappings()

        names = ("NuclearDiameter", "Zoom", "Confidence")
        assert [per_image[f"Image_Metadata_{name}"] for name in names] == [60, 0.5, 0.5]
        assert [counted[name] for name in ("nuclear_diameter", "zoom", "confidence")] == [60, 0.5, 0.5]
        assert [one["Nuclei_Metadata_Confidence"] for one in objects] == [0.75, 0.25]
        assert [one["confidence"] for one in in_um] == [0.75, 0.25]
