"""Which files are accessories of images, by their names and by what lies beside them."""

import unicodedata

import pytest

from scheduler.accessories import (
    MASK_BEGINNINGS,
    MASK_WORDS,
    Siblings,
    accessory_folders,
    accessory_kind,
    possible_accessories,
)

CELLVOYAGER = "AssayPlate_B02_T0001F001L01A01Z01C01.tif"
UUID = "E94C24BD-45E4-450A-9919-257C714278F7"
OTHER_UUID = "1A2B3C4D-5E6F-4711-8899-AABBCCDDEEFF"


def kind(name, *beside):
    return accessory_kind(f"folder/{name}", {"folder": Siblings([name, *beside])}.__getitem__)


@pytest.mark.parametrize(
    "name",
    [
        *("image.ome.xml", "Plate1.HTD", "MeasurementData.mlf", "MeasurementDetail.mrf", "protocol.mes"),
        *("notes.txt", "cells.CSV", "metadata.json", "report.pdf", "plate.db", "run.log", "settings.ini"),
    ],
)
def test_metadata_tables_and_documents_are_told_by_their_ending(name):
    assert kind(name) == "metadata"


@pytest.mark.parametrize(
    "name",
    [
        *("a.companion.ome", "exp.czexp", "data - Verknüpfung.lnk", "figure.svg", "site.url", "x.webloc"),
        *("t.xlsx", "p.docx"),
        *("p.cppipe", "m.ijm", "RoiSet.zip", "f_RoiSet.zip", "a.lut", "a.odt", "a.sqlite", "run.py", "a.ilp", "a.sha1"),
    ],
)  # fmt: skip
def test_settings_links_scripts_and_drawings_are_as_well(name):
    assert kind(name) == "metadata"


@pytest.mark.parametrize(
    "name",
    ["a.tif", "a", "a.xyz", "a.zvi", "a.ome", "a.zip", "a.npy", "xml", "a.xml.tif", "a.csv.png", "a.dat"],
)
def test_other_endings_claim_nothing(name):
    assert kind(name) is None


@pytest.mark.parametrize(
    ("thumbnail", "image"),
    [
        (f"Plate1_B02_s1_w1_thumb{UUID}.tif", f"Plate1_B02_s1_w1{OTHER_UUID}.tif"),
        (f"B02_w1_thumb{UUID}.tif", f"B02_w1{UUID}.tif"),
        ("a_thumb.png", "a.tif"),
        ("a_thumb.jpg", "a.ome.tif"),
        ("A_Thumb.JPG", "a.TIF"),
        ("a_thumbnail.png", "a.czi"),
        ("a-thumb.jpg", "a.tif"),
        ("a thumbnail.jpg", "a.tif"),
        ("a.thumb.jpg", "a.tif"),
        ("thumb_a.jpg", "a.tif"),
        ("Thumbnail a.jpg", "a.ome.tif"),
    ],
)
def test_a_thumbnail_lies_beside_the_file_that_it_is_of(thumbnail, image):
    assert kind(thumbnail, image) == "thumbnail"
    assert kind(image, thumbnail) is None
    assert kind(thumbnail) is None
    assert kind(thumbnail, "another.tif", "a.txt") is None


def test_a_thumb_is_a_finger_too():
    assert kind("mouse_thumb_left.tif", "mouse.tif") is None


@pytest.mark.parametrize("name", ["DC_sCMOS #1_CAM1.tif", "SC_BP445-45_20x_M01_CH01.tif"])
def test_flat_fields_are_told_in_folders_of_a_cellvoyager_only(name):
    assert kind(name, CELLVOYAGER) == "flat-field"
    assert kind(name, "MeasurementData.mlf") == "flat-field"
    assert kind(name, "DC_002.tif", "spinal cord.tif") is None


def test_images_of_a_cellvoyager_are_none():
    assert kind(CELLVOYAGER, "DC_sCMOS #1_CAM1.tif", "MeasurementData.mlf") is None


@pytest.mark.parametrize(
    ("mask", "image"),
    [
        ("img1_cp_masks.tif", "img1.tif"),
        ("img1_cp_masks.png", "img1.ome.tif"),
        ("img1.ome_cp_masks.tif", "img1.ome.tif"),
        ("img1_seg.npy", "img1.png"),
        ("img1_label.png", "img1.tif"),
        ("IMG1_Labels.tif", "img1.nd2"),
        ("img1_mask.tif", "img1.jpg"),
        ("img1.tif_masks.png", "img1.tif"),
        ("img1_label.tif", "img1.ome.zarr"),
        ("d-mask.tif", "d.tif"),
        ("d mask.png", "d.tif"),
        ("d.mask.png", "d.tif"),
        ("d_outlines.png", "d.tif"),
        ("d_cp_outlines.png", "d.tif"),
        ("d_flows.tif", "d.tif"),
        ("d_cp_flows.tif", "d.tif"),
        ("d_Probabilities.tiff", "d.tif"),
        ("d_Simple Segmentation.tif", "d.tif"),
        ("d-data_Object Predictions.tif", "d.tif"),
        ("d_segmentation.tif", "d.czi"),
        ("d-mask.ome.tif", "d.ome.tif"),
        ("d_nuclei_mask.tif", "d.tif"),
        ("d_nuclei_mask.tif", "d_nuclei.tif"),
        ("d_mip_mask.tif", "d.tif"),
        ("d_mask_001.tif", "d.tif"),
        ("d_masks_nuclei.tif", "d.tif"),
        ("d_cp_masks_1.tif", "d.tif"),
        ("d_stardist_labels.tif", "d.tif"),
        ("d_GT.tif", "d.tif"),
        ("d.overlay.png", "d.tif"),
        ("Mask of d.tif", "d.png"),
        ("Mask of d.tif.tif", "d.tif"),
        ("Mask_d.tif", "d.nd2"),
        ("seg_d.tif", "d.tif"),
    ],
)
def test_a_mask_is_one_only_beside_its_image(mask, image):
    assert kind(mask, image) == "mask"
    assert kind(image, mask) is None
    assert kind(mask) is None
    assert kind(mask, "img10.tif", "img1.txt", "img1_other.tif") is None


@pytest.mark.parametrize(
    ("accessory", "image"),
    [("Zür_mask.tif", "Zür.tif"), ("Bär_thumb.tif", "Bär.tif"), ("Mask of Bär.tif", "Bär.png")],
)
@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_a_letter_with_a_mark_is_the_same_however_it_is_written(accessory, image, forms):
    accessory, image = map(unicodedata.normalize, forms, (accessory, image))

    assert kind(accessory, image) in ("mask", "thumbnail")
    assert kind(image, accessory) is None


@pytest.mark.parametrize(
    "names",
    [("d_mask.tif", "d.mask.png"), ("d.overlay.png", "d.mask.tif"), ("d-thumb.jpg", "d.thumb.jpg"),
     ("d_cells.tif", "d.tif")],
)  # fmt: skip
def test_accessories_are_not_the_images_of_each_other(names):
    assert [kind(name, *names) for name in names] == [None, None]


@pytest.mark.parametrize("mask", ["masks", "annotations", "exp/Masks"])
@pytest.mark.parametrize("inner", ["", "/sub", "/sub/more"])
@pytest.mark.parametrize("images", ["images", "raw"])
def test_folders_of_masks_may_be_ordered_like_those_of_the_images(mask, inner, images):
    home = mask.rpartition("/")[0]
    place = f"{home}/{images}{inner}".removeprefix("/")
    beside = {place: Siblings(["q.tif"])}

    assert accessory_kind(f"{mask}{inner}/q.tif", lambda folder: beside.get(folder, Siblings([]))) == "mask"
    assert accessory_kind(f"{place}/q.tif", lambda folder: beside.get(folder, Siblings([]))) is None
    assert f"{mask.lower()}{inner}" in accessory_folders(place)


@pytest.mark.parametrize("mask", ["d.tif", "d.png", "d_mask.png", "d_cp_masks.tif"])
@pytest.mark.parametrize("folder", ["masks", "exp/Masks", "exp/labels", "segmentation"])
@pytest.mark.parametrize("image", ["d.tif", "images/d.czi"])
def test_a_folder_of_masks_lies_in_that_of_the_images_or_beside_it(folder, mask, image):
    home = folder.rpartition("/")[0]
    path = f"{home}/{image}" if home else image
    beside = {path.rpartition("/")[0]: Siblings([image.rpartition("/")[2]])}

    def look(place):
        return beside.get(place, Siblings([]))

    assert accessory_kind(f"{folder}/{mask}", look) == "mask"
    assert accessory_kind(f"{folder}/e.tif", look) is None
    assert accessory_kind(f"{folder}/more/{mask}", look) is None
    assert accessory_kind(path, look) is None


@pytest.mark.parametrize(
    "name", ["mask.tif", "label.png", "facemask.tif", "masked_cells.tif", "a_mask_b.tif"]
)
def test_a_word_in_a_name_makes_no_mask(name):
    assert kind(name, "a.tif", "face.tif") is None


@pytest.mark.parametrize(
    "name",
    [
        "a.tif.label.tif",
        "a.png.overlay.png",
        "a.tif.s0.t2.z1.label.tif",
        "a.ome.TIF.s1.t0.z0.overlay.png",
        "a.zarr.label.tif",
    ],
)
def test_what_nuqleus_wrote_is_told_wherever_it_lies(name):
    assert kind(name) == "output"


@pytest.mark.parametrize("name", ["a.label.tif", "cells.overlay.png", "overlay.png"])
def test_similar_names_are_other_people_s(name):
    assert kind(name) is None


def test_what_lies_beside_is_not_looked_up_where_it_does_not_matter():
    def must_not_look(_folder):
        raise AssertionError

    assert accessory_kind("a/b.tif", must_not_look) is None
    assert accessory_kind("a/b.xml", must_not_look) == "metadata"


@pytest.mark.parametrize("word", MASK_WORDS)
def test_every_word_of_masks_is_told_by_the_first_look_as_well(word):
    assert kind(f"d_{word}.tif", "d.tif") == "mask"
    assert possible_accessories("folder", [f"D_{word.upper()}.tif", "d.tif"]) == [f"D_{word.upper()}.tif"]


@pytest.mark.parametrize("word", MASK_BEGINNINGS)
def test_every_beginning_of_masks_is_told_by_the_first_look_as_well(word):
    assert kind(f"{word}_d.tif", "d.tif") == "mask"
    assert possible_accessories("folder", [f"{word}_d.tif", "d.tif"]) == [f"{word}_d.tif"]
