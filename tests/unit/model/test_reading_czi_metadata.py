"""What a CZI says of its channels, pixel size and scenes; what Zeiss's library doesn't write is given as XML."""

import numpy as np
import pytest

from model.reading.czi_metadata import read_czi_metadata

from .images import only
from .microscopes import write_czi

XML = """<ImageDocument><Metadata><Information><Image><Dimensions><Channels>{recorded}</Channels><S><Scenes>
<Scene Index="0" Name="P1"><ArrayName>B2</ArrayName><Shape Id="Shape:1" Name="B2"/></Scene>
<Scene Index="1" Name="P2"/>
</Scenes></S></Dimensions></Image></Information><DisplaySetting><Channels>{displayed}</Channels></DisplaySetting>
<Scaling><Items><Distance Id="X"><Value>{size}</Value></Distance><Distance Id="Y"><Value>{size}</Value></Distance>
</Items></Scaling></Metadata></ImageDocument>"""


@pytest.fixture
def about():
    def about(recorded="", displayed="", size="3.25e-07"):
        return read_czi_metadata(XML.format(recorded=recorded, displayed=displayed, size=size))

    return about


def test_names_of_channels_come_from_the_display_where_none_were_recorded(about):
    displayed = (
        '<Channel Id="Channel:0" Name="EGFP"/><Channel Id="Channel:1"><ShortName>DAPI</ShortName></Channel>'
    )

    for recorded in ("", '<Channel Id="Channel:0"/><Channel Id="Channel:1"/>'):
        channels = about(recorded, displayed).image.channels
        assert [channel.name for channel in channels] == ["EGFP", "DAPI"]


def test_the_display_s_dye_is_known_beside_the_track_s_name(about):
    recorded = (
        '<Channel Id="Channel:1" Name="Ch1-T1"><Fluor>Alexa 488</Fluor></Channel>'
        '<Channel Id="Channel:0" Name="Ch1-T2"/>'
    )
    displayed = (
        '<Channel Id="Channel:0"><DyeName>Hoechst 33258</DyeName><Color>#FF0000FF</Color></Channel>'
        '<Channel Id="Channel:1"/>'
    )
    first, second = about(recorded, displayed).image.channels

    assert (first.name, first.aliases) == ("Ch1-T1", ("Alexa 488",))
    assert (second.name, second.aliases, second.display_colour) == (
        "Ch1-T2",
        ("Hoechst 33258",),
        (0, 0, 255),
    )


def test_wavelengths(about):
    recorded = (
        '<Channel Id="Channel:0" Name="A"><ExcitationWavelength>353</ExcitationWavelength>'
        "<EmissionWavelength>465</EmissionWavelength></Channel>"
    )

    (channel,) = about(recorded).image.channels

    assert (channel.excitation_nm, channel.emission_nm) == (353, 465)


def test_scenes_are_called_by_their_wells(about):
    assert about().of_scene(0).scene_name == "B2, P1"
    assert about().of_scene(1).scene_name == "P2"
    assert about().of_scene(2).scene_name is None


@pytest.mark.parametrize(
    ("size", "um"), [("3.25e-07", 0.325), ("3.25e-04", None), ("", None), ("much", None), ("0", None)]
)
def test_a_size_costs_no_names(about, size, um):
    metadata = about('<Channel Id="Channel:0" Name="DAPI"/>', size=size).image

    assert metadata.pixel_size.um == (um if um is None else pytest.approx(um))
    assert [channel.name for channel in metadata.channels] == ["DAPI"]


def test_xml_that_is_none_says_nothing():
    assert read_czi_metadata("<ImageDocument><").image.channels == ()


def test_a_file_says_where_its_size_is_from(tmp_path):
    write_czi(tmp_path / "a.czi", np.zeros((1, 1, 1, 1, 5, 7), np.uint16), ["DAPI"], 0.325)

    assert only(tmp_path / "a.czi").pixel_size_from == "czi"
