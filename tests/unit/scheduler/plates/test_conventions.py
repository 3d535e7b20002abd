"""Names of the microscopes' files, and the places that they stand for."""

import pytest

from nuqleus.fields import FieldPlace
from scheduler.plates.conventions import parse_path
from tests.unit.scheduler.plates.places import written_place

GUID = "E94C24BD-45E4-450A-9919-257C714278F7"
NUMBERED = "1A2B3C4D-5E6F-4711-8899-AABBCCDDEEFF"

IMAGEXPRESS = {
    f"P/TimePoint_1/Plate1_B02_s2_w1{GUID}.tif": ("P", "Plate1", "B02", 2, 0, None, "w1"),
    # the wavelength is one digit, and the number that follows begins with one
    f"P/TimePoint_1/Plate1_B02_s1_w3{NUMBERED}.tif": ("P", "Plate1", "B02", 1, 0, None, "w3"),
    f"Plate_x_1_a01_s1_w10{NUMBERED}.TIF": ("", "Plate_x_1", "A01", 1, 0, None, "w10"),
    f"P_A01_w2{GUID}.tif": ("", "P", "A01", 1, 0, None, "w2"),
    f"P_A01_s4{NUMBERED}.tif": ("", "P", "A01", 4, 0, None, "w1"),
    f"P_A01{GUID}.tif": ("", "P", "A01", 1, 0, None, "w1"),
    "P_AF48_s1_w1.tif": ("", "P", "AF48", 1, 0, None, "w1"),
    "2024/55/TimePoint_3/ZStep_2/P_A01_s1_w1.tif": ("2024/55", "P", "A01", 1, 2, 1, "w1"),
    "2024/55/ZStep_4/P_A01_s1_w1.tif": ("2024/55", "P", "A01", 1, 0, 3, "w1"),
    "screen/A01_s1_w1.tif": ("screen", "screen", "A01", 1, 0, None, "w1"),
    "A01_s1_w1_z3.tif": ("", "plate", "A01", 1, 0, 2, "w1"),
    # a well alone is a plate's where the folder says so
    "d/TimePoint_1/P_A01.TIF": ("d", "P", "A01", 1, 0, None, "w1"),
    "A01_w2.tif": ("", "plate", "A01", 1, 0, None, "w2"),
    "P_A01_s3.tif": ("", "P", "A01", 3, 0, None, "w1"),
    # newer software counts from 0, and says the time point before the well
    "x/timepoint1/10x_t1_C05_s0_w2_z3.tif": ("x", "10x", "C05", 0, 1, 3, "w2"),
}
OPERA = {
    "Q__m1/Images/r02c11f03p04-ch2sk5fk1fl1.tiff": ("Q__m1", "Q__m1", "B11", 3, 4, 3, "ch2"),
    "Q/r01c01f01p01rc1-ch1sk1fk1fl1.tiff": ("Q", "Q", "A01", 1, 0, 0, "ch1"),
    "Images/r16c24f1000p01-ch10sk1fk1fl1.tiff": ("", "plate", "P24", 1000, 0, 0, "ch10"),
    "Q/Images/r01c01f01p01-ch01t02.tiff": ("Q", "Q", "A01", 1, 1, 0, "ch1"),
    "Q/002011-3-004005002.tif": ("Q", "Q", "B11", 3, 4, 3, "ch2"),
    "Q/Images/r01c01f001p01-ch2.tiff": ("Q", "Q", "A01", 1, 0, 0, "ch2"),
}
CELLVOYAGER = {
    "R/Assay_1_B02_T0001F001L01A01Z01C01.tif": ("R", "Assay_1", "B02", 1, 0, 0, "C01"),
    "R/Assay_AA48_T0012F012L01A02Z10C04.png": ("R", "Assay", "AA48", 12, 11, 9, "C04"),
    "R/A01_T0001F001L01A01Z01C01.tif": ("R", "R", "A01", 1, 0, 0, "C01"),
    # CQ1 and CV1000 count wells
    "M/Image/W0014F0002T0003Z004C1.tif": ("M", "M", None, 2, 2, 3, "C1"),
    "M/W1F001T0001Z01C2.tif": ("M", "M", None, 1, 0, 0, "C2"),
}
INCELL = {
    "S/A - 01(fld 1 wv UV - DAPI).tif": ("S", "S", "A01", 1, 0, None, "UV - DAPI"),
    "S/H - 12(fld 04 wv DAPI - DAPI z 03).tif": ("S", "S", "H12", 4, 0, 2, "DAPI - DAPI"),
    "S/A - 1(fld 1 wv Green - dsRed z 2 time 3 - 1200 ms).tif": ("S", "S", "A01", 1, 2, 1, "Green - dsRed"),
    "A - 1(wv Blue - FITC).tif": ("", "plate", "A01", 1, 0, None, "Blue - FITC"),
    "A - 1(fld 7).tif": ("", "plate", "A01", 7, 0, None, "wv 1"),
    "S/Plate 2_A - 01(fld 1 wv 390 - Blue).tif": ("S", "Plate 2", "A01", 1, 0, None, "390 - Blue"),
    "S/B - 03(fld 2 wv TL-Brightfield - Cy3 wix 2).tif": (
        *("S", "S", "B03", 2, 0, None, "TL-Brightfield - Cy3 wix 2"),
    ),
    "S/B - 4(fld 1 wv GFP - GFP- time 002 - 600 ms).tif": ("S", "S", "B04", 1, 1, None, "GFP - GFP"),
    "S/P_C_13_fld_2_wv_405_Blue.tif": ("S", "P", "C13", 2, 0, None, "405_Blue"),
}
CASES = [
    (convention, path, expected)
    for convention, cases in (
        *(("ImageXpress", IMAGEXPRESS), ("Opera Phenix", OPERA)),
        *(("CellVoyager", CELLVOYAGER), ("InCell", INCELL)),
    )
    for path, expected in cases.items()
]


@pytest.mark.parametrize(("convention", "path", "expected"), CASES)
def test_names(convention: str, path: str, expected: tuple[object, ...]):
    file = parse_path(path)

    assert file is not None
    assert file.convention == convention
    assert written_place(file) == expected
    assert not file.is_projection
    assert FieldPlace.parse(file.field_key) == file.place


@pytest.mark.parametrize(
    "path",
    [
        "P/ZStep_0/P_A01_s1_w1.tif",
        "P_A01_s1_w1_MIP.tif",
        "R/Assay_B02_T0001F001L01A01Z01C01_MIP.tif",
        "R/Assay_B02_T0001F001L01A01Z00C01.tif",
        "R/Assay_B02_T0001F001L01A01Z01C01_BF.tif",
        "Q/Images/r01c01f01p01-ch1sk1fk1fl1_MIP.tiff",
        "Q/Images/r01c01f01p01-ch1sk1fk1fl1-MaxProj.tiff",
        "Q/002011-3-004005002_MIP.tif",
        "S/A - 01(fld 1 wv UV - DAPI)_MIP.tif",
        "M/Projection/W0001F0001T0001Z001C1.tif",
        "M/Image/W0001F0001T0001Z001C1_MIP.tif",
        "x/timepoint0/10x_t0_C05_s0_w2_z0_MIP.tif",
    ],
)
def test_the_microscope_s_own_projections(path: str):
    file = parse_path(path)

    assert file is not None
    assert (file.is_projection, file.z) == (True, None)


@pytest.mark.parametrize(
    "path",
    [
        *("Plate1_B02.tif", "scan_T01.tif", "P_Z99_s1_w1.tif", "P_AG01_s1_w1.tif", "P_A00_s1_w1.tif"),
        f"P_A01_s1_w1_thumb{GUID}.tif",
        f"P_A01_s1_w1{GUID[:-1]}.tif",
        *("P_A01_z3.tif", "P_A01_MIP.tif", "TimePoint_1/P_Z99.tif", "W0001F0001.tif", "A - 01(thumb).tif"),
        *("001001001.flex", "t0_Z99_s0_w0_z0.tif", "AB_C_13_fld_2.tif"),
        *("DC_sCMOS #1_CAM1.tif", "SC_BP445-45_20x_M01_CH01.tif", "Index.idx.xml", "Plate1.HTD"),
        *(
            "A - 01.tif",
            "A - 01().tif",
            "r01c01f01p01.tiff",
            "r99c01f01p01-ch1sk1fk1fl1.tiff",
            "001001-1-001.tif",
        ),
        "r01c01f01p01-ch1sk99999999999fk1fl1.tiff",  # more than a column holds
        *("sample1_DAPI.tif", "a.png", "P_A01_T0001F001.tif", ""),
    ],
)
def test_names_that_say_too_little(path: str):
    assert parse_path(path) is None


def test_actions_and_timelines_of_a_cellvoyager_are_fields_of_their_own():
    names = [f"R_B02_T0001F001L{line}A{action}Z01C01.tif" for line in ("01", "02") for action in ("01", "02")]

    assert len({file.field_key for file in map(parse_path, names) if file}) == 4


def test_channels_and_planes_share_a_field():
    names = [f"R_B02_T0001F001L01A01Z0{z}C0{channel}.tif" for z in (1, 2) for channel in (1, 2)]

    assert len({file.field_key for file in map(parse_path, names) if file}) == 1
