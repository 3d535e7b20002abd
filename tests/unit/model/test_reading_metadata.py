"""What TIFFs say of their channels, pixel sizes and scenes, each where its writer keeps it."""

import numpy as np
import pytest
import tifffile

from model.reading import read_planes
from model.reading.channels import choose_channel

from .images import only
from .tiff_writers import (
    channels_of,
    numbered,
    ome_image,
    write_lsm,
    write_metaseries,
    write_named_pages,
    write_ome,
    write_ome_channels,
    write_qptiff,
)


def chosen(path):
    """Channel of the nuclei of the only plane of a file, and how it was chosen."""
    plane = choose_channel(path, only(path), "auto")
    return plane.nuclear_channel, plane.nuclear_channel_by


class TestOme:
    @pytest.mark.parametrize(
        ("size", "um", "origin"),
        [
            ({}, None, "not given"),
            ({"PhysicalSizeX": "0.325", "PhysicalSizeY": "0.325"}, 0.325, "ome"),
            ({"PhysicalSizeX": "0,325", "PhysicalSizeY": "0,325"}, 0.325, "ome"),
            ({"PhysicalSizeX": "0.325"}, 0.325, "ome"),
            ({"PhysicalSizeX": "325", "PhysicalSizeXUnit": "nm"}, 0.325, "ome"),
            ({"PhysicalSizeX": "3250", "PhysicalSizeXUnit": "Å"}, 0.325, "ome"),
            ({"PhysicalSizeX": "3.25E-6", "PhysicalSizeXUnit": "dm"}, 0.325, "ome"),
            ({"PhysicalSizeX": "0.325", "PhysicalSizeXUnit": "micrometer"}, 0.325, "ome"),
            ({"PhysicalSizeX": "1.0", "PhysicalSizeXUnit": "pixel"}, None, "not given"),
            ({"PhysicalSizeX": "1.0", "PhysicalSizeXUnit": "reference frame"}, None, "not given"),
            ({"PhysicalSizeX": "0.325", "PhysicalSizeXUnit": "furlong"}, None, "not given"),
            ({"PhysicalSizeX": "", "PhysicalSizeY": ""}, None, "not given"),
            ({"PhysicalSizeX": "0.0", "PhysicalSizeY": "0.0"}, None, "not believable"),
            ({"PhysicalSizeX": "unknown", "PhysicalSizeY": "0.3"}, None, "not believable"),
            ({"PhysicalSizeX": "325", "PhysicalSizeY": "325"}, None, "not believable"),
            ({"PhysicalSizeX": "0.3", "PhysicalSizeY": "0.6"}, None, "not square"),
        ],
    )
    def test_a_size_costs_no_names_whatever_it_is(self, tmp_path, size, um, origin):
        path = write_ome_channels(tmp_path / "a.ome.tif", channels_of("Phalloidin", "GFP", "DAPI"), **size)

        plane = only(path)

        assert (plane.pixel_size_um, plane.pixel_size_from) == (
            um if um is None else pytest.approx(um),
            origin,
        )
        assert plane.channel_names == ("Phalloidin", "GFP", "DAPI")
        assert chosen(path) == (2, "name")

    @pytest.mark.parametrize(
        ("channels", "names", "expected"),
        [
            (channels_of("Ch2-T1", "Ch1-T3", Fluor=["Alexa Fluor 647", "DAPI"]), ("Ch2-T1", "Ch1-T3"), (1, "name")),
            (channels_of(Fluor=["EGFP", "Hoechst 33342"]), ("EGFP", "Hoechst 33342"), (1, "name")),
            (channels_of("", "", Fluor=["EGFP", None]), ("EGFP", "channel 1"), (0, "guess")),
            (channels_of("A", "B", ExcitationWavelength=["488", "405.0"]), ("A", "B"), (1, "wavelength")),
            (channels_of("A", "B", ExcitationWavelength=["0.488", "0.385"], ExcitationWavelengthUnit=["µm", "µm"]),
             ("A", "B"), (1, "wavelength")),
            (channels_of("A", "B", Color=["16711935", "65535"]), ("A", "B"), (1, "colour")),
            (channels_of("A", "B", Color=["-1", "-1"]), ("A", "B"), (0, "guess")),
            (channels_of("A", "B", Color=["blue", "65535"]), ("A", "B"), (1, "colour")),
            (channels_of("Nucleocapsid AF488", "DAPI"), ("Nucleocapsid AF488", "DAPI"), (1, "name")),
        ],
    )  # fmt: skip
    def test_names_dyes_wavelengths_and_colours(self, tmp_path, channels, names, expected):
        path = write_ome_channels(tmp_path / "a.ome.tif", channels)

        assert only(path).channel_names == names
        assert chosen(path) == expected

    def test_a_dye_can_be_asked_for_by_its_name(self, tmp_path):
        path = write_ome_channels(tmp_path / "a.ome.tif", channels_of("T1", "T2", Fluor=["EGFP", "mCherry"]))

        plane = choose_channel(path, only(path), "mcherry", "rule")

        assert (plane.nuclear_channel, plane.nuclear_channel_by) == (1, "rule")

    def test_fewer_channels_than_there_are_stand_where_their_ids_say(self, tmp_path):
        channels = [{"ID": "Channel:0:2", "Name": "DAPI"}, {"ID": "Channel:0:0", "Name": "GFP"}]
        path = write_ome_channels(tmp_path / "a.ome.tif", channels, count=4)

        assert only(path).channel_names == ("GFP", "channel 1", "DAPI", "channel 3")
        assert chosen(path) == (2, "name")

    def test_fewer_channels_without_ids_are_the_first(self, tmp_path):
        channels = [{"ID": "a", "Name": "DAPI"}, {"ID": "b", "Name": "GFP"}]
        path = write_ome_channels(tmp_path / "a.ome.tif", channels, count=3)

        assert only(path).channel_names == ("DAPI", "GFP", "channel 2")

    def test_images_have_names_and_wells(self, tmp_path):
        values = [numbered(1, 24, 32)] * 3
        names = ["Well H12, Field 1", "Field 2", "B02 site 3"]
        xml = [
            ome_image(i, image.shape, i, channels_of("DAPI"), Image_Name=name)
            for i, (image, name) in enumerate(zip(values, names, strict=True))
        ]
        plate = (
            '<Plate ID="Plate:0"><Well Column="11" ID="Well:0" Row="7"><WellSample ID="a"><ImageRef ID="Image:1"/>'
            '</WellSample></Well><Well Column="1" ID="Well:1" Row="1"><WellSample ID="b"><ImageRef ID="Image:2"/>'
            "</WellSample></Well></Plate>"
        )
        path = write_ome(tmp_path / "a.ome.tif", values, xml, plate)

        planes = read_planes(path)

        assert [plane.scene_name for plane in planes] == ["Well H12, Field 1", "H12, Field 2", "B02 site 3"]


class TestImageJ:
    @pytest.mark.parametrize(
        ("unit", "resolution", "um"),
        [
            ("micrometer", 40 / 13, 0.325),
            ("cm", 10_000 / 0.325, 0.325),
            ("inch", 72, None),
            ("inch", 72 / 2.54, None),
            ("micron", 72, None),
            ("mm", 1_000 / 0.65, 0.65),
        ],
    )
    def test_units_and_resolutions(self, tmp_path, unit, resolution, um):
        path = tmp_path / "a.tif"
        values = numbered(24, 32)
        tifffile.imwrite(
            path, values, imagej=True, resolution=(resolution, resolution), metadata={"unit": unit}
        )

        assert only(path).pixel_size_um == (None if um is None else pytest.approx(um, rel=1e-4))

    @pytest.mark.parametrize(
        ("labels", "names", "expected"),
        [
            (["c:1/3 - Cy5", "c:2/3 - GFP", "c:3/3 - DAPI"], ("Cy5", "GFP", "DAPI"), (2, "name")),
            (["Cy5", "GFP", "Hoechst"], ("Cy5", "GFP", "Hoechst"), (2, "name")),
            (["c:1/3 - a.lif", "c:2/3 - a.lif", "c:3/3 - a.lif"], (), (0, "guess")),
            (["c:1/3", "c:2/3", "c:3/3"], (), (0, "guess")),
            # fewer labels than channels
            (["Cy5", "DAPI"], ("Cy5", "DAPI", "channel 2"), (1, "name")),
            (["c:2/3 - DAPI"], ("channel 0", "DAPI", "channel 2"), (1, "name")),
            (["c:3/3 - DAPI", "c:1/3 - Cy5"], ("Cy5", "channel 1", "DAPI"), (2, "name")),
            (["DAPI"], ("DAPI", "channel 1", "channel 2"), (0, "name")),
            (["DAPI experiment.tif"], (), (0, "guess")),
            (["", "DAPI"], ("channel 0", "DAPI", "channel 2"), (1, "name")),
        ],
    )
    def test_labels_of_slices_name_channels(self, tmp_path, labels, names, expected):
        path = tmp_path / "a.tif"
        metadata = {"axes": "CYX", "Labels": labels}
        tifffile.imwrite(path, numbered(3, 24, 32), imagej=True, metadata=metadata)

        assert only(path).channel_names == names
        assert chosen(path) == expected

    def test_of_a_z_stack_the_labels_of_the_first_slice(self, tmp_path):
        path = tmp_path / "a.tif"
        labels = [
            f"c:{c + 1}/2 z:{z + 1}/3 - {name}" for z in range(3) for c, name in enumerate(["GFP", "DAPI"])
        ]
        tifffile.imwrite(
            path, numbered(3, 2, 24, 32), imagej=True, metadata={"axes": "ZCYX", "Labels": labels}
        )

        assert [plane.channel_names for plane in read_planes(path)] == [("GFP", "DAPI")] * 3

    def test_the_blue_lookup_table_speaks_where_nothing_else_does(self, tmp_path):
        path = tmp_path / "a.tif"
        ramp = np.arange(256, dtype=np.uint8)
        tables = [
            np.stack([ramp * (part == colour) for part in range(3)]).astype(np.uint8) for colour in (0, 1, 2)
        ]
        metadata = {"axes": "CYX", "mode": "composite", "LUTs": tables}
        tifffile.imwrite(path, numbered(3, 24, 32), imagej=True, metadata=metadata)

        assert chosen(path) == (2, "colour")


class TestOthers:
    def test_tifffile_s_json(self, tmp_path):
        path = tmp_path / "a.tif"
        metadata = {"axes": "CYX", "Channel": {"Name": ["Actin", "GFP", "DAPI"]}, "PhysicalSizeX": 0.325}
        tifffile.imwrite(path, numbered(3, 24, 32), photometric="minisblack", metadata=metadata)

        plane = only(path)

        assert plane.channel_names == ("Actin", "GFP", "DAPI")
        assert (plane.pixel_size_um, plane.pixel_size_from) == (0.325, "tifffile")

    COLOURS = ((0, 255, 0), (0, 0, 255), (255, 0, 0))

    def test_zeiss_lsm(self, tmp_path):
        values = numbered(3, 24, 32)
        path = write_lsm(tmp_path / "a.lsm", values, ["GFP", "DAPI", "Cy3"], self.COLOURS, 0.325)

        plane = only(path)

        assert plane.channel_names == ("GFP", "DAPI", "Cy3")
        assert (plane.pixel_size_um, plane.pixel_size_from) == (pytest.approx(0.325), "lsm")
        assert chosen(path) == (1, "name")
        np.testing.assert_array_equal(plane.pixels, np.moveaxis(values, 0, -1))

    def test_zeiss_lsm_whose_tracks_have_no_names_is_known_by_its_blue(self, tmp_path):
        names = ["Ch1-T1", "Ch1-T2", "Ch1-T3"]
        path = write_lsm(tmp_path / "a.lsm", numbered(3, 24, 32), names, self.COLOURS, 0.325)

        assert chosen(path) == (1, "colour")

    def test_qptiff(self, tmp_path):
        channels = [{"Name": "Opal 570", "Biomarker": "CD8"}, {"Name": "DAPI", "Biomarker": "Nuclei"}]
        path = write_qptiff(tmp_path / "a.qptiff", numbered(2, 64, 64), channels)

        plane = only(path)

        assert plane.channel_names == ("Opal 570", "DAPI")
        assert plane.pixel_size_um == pytest.approx(0.5)
        assert chosen(path) == (1, "name")
        assert choose_channel(path, plane, "CD8").nuclear_channel == 0

    def test_metaseries(self, tmp_path):
        path = write_metaseries(
            tmp_path / "a.tif", numbered(24, 32), _IllumSetting_="DAPI", spatial_calibration_state="on",
            spatial_calibration_x=0.65, spatial_calibration_y=0.65, spatial_calibration_units="um",
            stage_label="A01 : Site 1",
        )  # fmt: skip

        plane = only(path)

        assert (plane.pixel_size_um, plane.pixel_size_from) == (0.65, "metaseries")
        assert plane.channel_names == ("DAPI",)
        assert plane.scene_name == "A01 : Site 1"

    def test_metaseries_that_was_not_calibrated(self, tmp_path):
        path = write_metaseries(
            tmp_path / "a.tif", numbered(24, 32), spatial_calibration_state="off", spatial_calibration_x=1,
            spatial_calibration_y=1, spatial_calibration_units="um",
        )  # fmt: skip

        assert only(path).pixel_size_from == "not given"

    @pytest.mark.parametrize(("mpp", "um"), [("0.2520", 0.252), ("0,2520", 0.252), ("0", None)])
    def test_aperio(self, tmp_path, mpp, um):
        text = (
            f"Aperio Image Library v11.2.1 \r\n64x64 [0,0 64x64] (16x16)|AppMag = 40|MPP = {mpp}|Left = 25.6"
        )
        rgb = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        tifffile.imwrite(
            tmp_path / "a.svs", rgb, description=text, tile=(16, 16), metadata=None, photometric="rgb"
        )

        assert only(tmp_path / "a.svs").pixel_size_um == um

    def test_the_target_of_mibi_s_pages(self, tmp_path):
        about = [f'{{"channel.target": "{target}"}}' for target in ("dsDNA", "CD4")]
        path = write_named_pages(tmp_path / "a.tiff", ["dsDNA (89)", "CD4 (142)"], about)

        assert only(path).channel_names == ("dsDNA", "CD4")
        assert chosen(path) == (0, "name")
