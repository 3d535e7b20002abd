"""Copies at lower resolution, labels and overviews are no images; what only has the size of one is."""

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter, zoom

from model.reading import read_planes

from .tiff_writers import channels_of, ome_image, write_ome, write_scn


def field(seed: int, side: int = 256) -> np.ndarray:
    """Nuclei on a noisy ground with vignetting: fields differ in their nuclei alone."""
    random = np.random.default_rng(seed)
    blurred = gaussian_filter((random.random((side, side)) > 0.995).astype(float), 3)
    rows, columns = np.ogrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    vignetting = 2_000 * (1 - (rows**2 + columns**2) / 3)
    return (blurred / blurred.max() * 3_000 + vignetting + random.normal(0, 30, (side, side))).astype(
        np.uint16
    )


def averaged(image: np.ndarray, factor: int) -> np.ndarray:
    height, width = (length // factor * factor for length in image.shape)
    blocks = image[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(1, 3)).astype(image.dtype)


def picked(image: np.ndarray, factor: int) -> np.ndarray:
    return image[::factor, ::factor]


def smoothed(image: np.ndarray, factor: int) -> np.ndarray:
    return zoom(image.astype(float), 1 / factor, order=1).astype(image.dtype)


def sizes(path) -> list[tuple[int, ...]]:
    return [plane.pixels.shape[:2] for plane in read_planes(path)]


def write_pages(path, pages, **options):
    with tifffile.TiffWriter(path) as file:
        for page in pages:
            file.write(page, metadata=None, **options)
    return path


def write_images(path, images, names):
    stacks = [image[None] for image in images]
    xml = [
        ome_image(i, stack.shape, i, channels_of("DAPI"), Image_Name=name, PhysicalSizeX=0.325)
        for i, (stack, name) in enumerate(zip(stacks, names, strict=True))
    ]
    return write_ome(path, stacks, xml)


@pytest.mark.parametrize("reduce", [averaged, picked, smoothed])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_pages_that_show_the_same_at_lower_resolution(tmp_path, reduce, compression):
    whole = field(0)
    pages = [whole, reduce(whole, 2), reduce(whole, 4)]

    assert sizes(write_pages(tmp_path / "a.tif", pages, compression=compression)) == [(256, 256)]


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_wherever_the_copy_lies(tmp_path, factor):
    whole = field(0)

    assert sizes(write_pages(tmp_path / "a.tif", [averaged(whole, factor), whole])) == [(256, 256)]


def test_a_thumbnail_in_colour_of_a_gray_scan(tmp_path):
    whole = field(0)
    thumbnail = np.repeat((averaged(whole, 2) // 256).astype(np.uint8)[..., None] * 10, 3, axis=-1)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(whole, metadata=None)
        file.write(thumbnail, metadata=None, photometric="rgb")

    assert sizes(tmp_path / "a.tif") == [(256, 256)]


def test_other_fields_of_half_the_size_are_images(tmp_path):
    pages = [field(0), field(1, 128), field(2, 64)]

    assert sizes(write_pages(tmp_path / "a.tif", pages)) == [(256, 256), (128, 128), (64, 64)]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_so_they_are_where_they_are_large(tmp_path, compression):
    """tifffile takes them for levels of a pyramid, by their size."""
    random = np.random.default_rng(0)
    pages = [random.integers(0, 99, (side, side), np.uint8) for side in (2_048, 1_024)]

    assert sizes(write_pages(tmp_path / "a.tif", pages, compression=compression)) == [
        (2_048, 2_048),
        (1_024, 1_024),
    ]


def poisson(mean: float) -> np.ndarray:
    return np.random.default_rng(0).poisson(mean, (512, 512)).astype(np.uint16)


def few_spots() -> np.ndarray:
    image = np.zeros((512, 512), np.uint8)
    image[350:360, 150:160] = 9
    image[61:64, 450:452] = 30
    return image


def brightest(image: np.ndarray, factor: int) -> np.ndarray:
    side = len(image) // factor
    return image.reshape(side, factor, side, factor).max(axis=(1, 3))


@pytest.mark.parametrize("reduce", [averaged, picked, smoothed, brightest])
@pytest.mark.parametrize(
    "whole",
    [np.zeros((512, 512), np.uint16), np.full((512, 512), 7, np.uint8), poisson(0.05), poisson(2), poisson(100),
     few_spots(), poisson(2) + few_spots()],
    ids=["black", "flat", "single photons", "dark noise", "offset of a camera", "few spots", "few spots in noise"],
)  # fmt: skip
def test_levels_of_a_pyramid_that_is_nearly_black(tmp_path, whole, reduce):
    pages = [whole, *(reduce(whole, factor) for factor in (2, 4, 8))]

    assert sizes(write_pages(tmp_path / "a.tif", pages)) == [(512, 512)]


def test_other_fields_in_the_dark_are_images_if_they_show_anything(tmp_path):
    dark = [(field(seed, side) // 4 + 90).astype(np.uint16) for seed, side in ((0, 256), (1, 128), (2, 64))]

    assert len(sizes(write_pages(tmp_path / "a.tif", dark))) == 3


@pytest.mark.parametrize("brightness", [40, 300, 3_000])
@pytest.mark.parametrize(("before", "nuclei"), [(0, 1), (0, 6), (1, 2), (8, 8)])
def test_a_sparse_field_is_an_image_beside_a_larger_one_that_shows_little(
    tmp_path, brightness, before, nuclei
):
    random = np.random.default_rng(before + nuclei)
    pages = [sparse(512, before, brightness, random), sparse(256, nuclei, brightness, random)]

    assert sizes(write_pages(tmp_path / "a.tif", pages)) == [(512, 512), (256, 256)]


def sparse(side: int, nuclei: int, brightness: float, random: np.random.Generator) -> np.ndarray:
    """A few nuclei on noise."""
    rows, columns = np.mgrid[:side, :side]
    image = random.normal(200, 6, (side, side))
    for row, column in random.uniform(15, side - 15, (nuclei, 2)):
        image += brightness * (np.hypot(rows - row, columns - column) < 9)
    return image.clip(0).astype(np.uint16)


def test_a_flat_conversion_of_a_slide(tmp_path):
    """bfconvert makes an OME image of each level, label and macro image."""
    whole = field(0, 512)
    images = [whole, averaged(whole, 2), averaged(whole, 4), field(1, 100), field(2, 120)]
    names = ["slide.czi #1", "slide.czi #2", "slide.czi #3", "label image", "macro image"]
    path = write_images(tmp_path / "a.ome.tif", images, names)

    (plane,) = read_planes(path)

    assert plane.pixels.shape == (512, 512, 1)
    assert (plane.scene_name, plane.pixel_size_um) == ("slide.czi #1", 0.325)


def test_a_flat_conversion_of_several_scenes(tmp_path):
    scenes = [field(0), field(1), field(2)]
    images = [image for scene in scenes for image in (scene, averaged(scene, 2))]
    path = write_images(tmp_path / "a.ome.tif", images, [f"#{i}" for i in range(6)])

    planes = list(read_planes(path))

    assert [plane.scene_name for plane in planes] == ["#0", "#2", "#4"]
    for plane, scene in zip(planes, scenes, strict=True):
        np.testing.assert_array_equal(plane.pixels[..., 0], scene)


@pytest.mark.parametrize(
    "name", ["Label", "label image", "Macro image", "slide.svs Thumbnail", "overview", "scan_thumb"]
)
def test_pictures_beside_the_scan_are_known_by_their_names(tmp_path, name):
    assert sizes(write_images(tmp_path / "a.ome.tif", [field(0), field(1, 100)], ["scan", name])) == [
        (256, 256)
    ]


@pytest.mark.parametrize(
    "said", ["label", "Macro", "Label Image", "thumbnail", "macro 120x90", "Thumbnail\r\nmade by a scanner"]
)
@pytest.mark.parametrize("tag", ["description", "page name"])
def test_plain_pages_may_be_described_as_such_pictures(tmp_path, said, tag):
    options = (
        {"description": said}
        if tag == "description"
        else {"extratags": [(285, 2, len(said) + 1, said, True)]}
    )
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(field(0), metadata=None)
        file.write(field(1, 100), metadata=None, **options)

    assert sizes(tmp_path / "a.tif") == [(256, 256)]


def test_a_long_description_that_begins_so_is_another_s(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(field(0), metadata=None)
        file.write(field(1, 100), metadata=None, description="label-free imaging of the same field")

    assert len(sizes(tmp_path / "a.tif")) == 2


@pytest.mark.parametrize("name", ["macrophages", "label-free cells", "overviews of B02 wells", "Position 2"])
def test_names_that_only_begin_alike_are_no_such_pictures(tmp_path, name):
    assert len(sizes(write_images(tmp_path / "a.ome.tif", [field(0), field(1, 100)], ["scan", name]))) == 2


def test_an_image_that_is_called_label_but_is_alone_is_one(tmp_path):
    assert sizes(write_images(tmp_path / "a.ome.tif", [field(0)], ["Label"])) == [(256, 256)]


def test_a_scene_as_large_as_the_others_may_be_called_what_it_likes(tmp_path):
    assert (
        len(sizes(write_images(tmp_path / "a.ome.tif", [field(0), field(1)], ["scan", "well A1 overview"])))
        == 2
    )


def test_a_thumbnail_whose_image_lies_in_a_sub_directory(tmp_path):
    whole = field(0)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(averaged(whole, 4), metadata=None, subfiletype=1, subifds=1)
        file.write(whole, metadata=None, resolution=(20_000, 20_000), resolutionunit="CENTIMETER")

    (plane,) = read_planes(tmp_path / "a.tif")

    np.testing.assert_array_equal(plane.pixels[..., 0], whole)
    assert plane.pixel_size_um == 0.5


def test_thumbnails_in_sub_directories_are_no_images(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(field(0), metadata=None, subifds=1)
        file.write(field(1, 64), metadata=None, subfiletype=1)

    assert sizes(tmp_path / "a.tif") == [(256, 256)]


def test_the_overview_of_a_leica_slide(tmp_path):
    path = write_scn(tmp_path / "a.scn", field(0, 200), field(1))

    (plane,) = read_planes(path)

    assert plane.pixels.shape == (256, 256, 1)
    assert (plane.scene_name, plane.pixel_size_um, plane.pixel_size_from) == ("image_001", 0.5, "scn")


def test_copies_that_can_t_be_decoded_stay_and_are_refused_in_their_turn(tmp_path):
    whole = field(0)
    path = write_pages(tmp_path / "a.tif", [whole, averaged(whole, 2)], compression="zlib")
    with tifffile.TiffFile(path) as file:
        offset, count = (page.dataoffsets[0] for page in file.pages), file.pages[1].databytecounts[0]
        _, second = offset
    data = bytearray(path.read_bytes())
    data[second : second + count] = bytes(count)
    path.write_bytes(data)

    planes = read_planes(path)

    assert next(planes).pixels.shape == (256, 256, 1)
    with pytest.raises(Exception, match="is damaged"):
        next(planes)
