"""Files of a set that OME-XML describes as one: each gives its own planes."""

import numpy as np
import pytest
import tifffile

from model.errors import ImageError
from model.reading import read_planes
from model.reading.tiff.ome_sets import files_of_other_channels

from .images import ramp

OWN = "here.ome.tif"


class TestSetsOfOmeFiles:
    """Each file has the metadata of all, and is a file of its own: it gives the planes that lie in it."""

    @staticmethod
    def image(number, size_um, *places, c=2, z=1, t=1):
        """An image of a set.

        Args:
            number: of the image.
            size_um: of its pixels.
            places: where its planes lie: name of the file, page, channel, z, t.
            c, z, t: how many channels, slices, time points.
        """
        data = "".join(
            f'<TiffData IFD="{page}" FirstC="{channel}" FirstZ="{depth}" FirstT="{time}" PlaneCount="1">'
            f'<UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
            for name, page, channel, depth, time in places
        )
        names = "".join(
            f'<Channel ID="Channel:{number}:{i}" Name="{name}" SamplesPerPixel="1"/>'
            for i, name in enumerate(["GFP", "DAPI"][:c])
        )
        return (
            f'<Image ID="Image:{number}"><Pixels ID="Pixels:{number}" DimensionOrder="XYZCT" Type="uint8" '
            f'SizeX="7" SizeY="5" SizeZ="{z}" SizeC="{c}" SizeT="{t}" PhysicalSizeX="{size_um}" '
            f'PhysicalSizeY="{size_um}">{names}{data}</Pixels></Image>'
        )

    @staticmethod
    def written(folder, images, pages, uuid=f' UUID="urn:uuid:{OWN}"', name=OWN):
        """A file with the metadata of such images; page i is i brighter than the first."""
        space = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
        stack = np.stack([ramp() + page for page in range(pages)])
        xml = f'<OME xmlns="{space}"{uuid}>{images}</OME>'
        tifffile.imwrite(folder / name, stack, photometric="minisblack", description=xml, metadata=None)
        return folder / name

    @pytest.fixture
    def positions(self):
        """Two positions, one a file."""
        return self.image(0, 0.5, ("first.ome.tif", 0, 0, 0, 0), ("first.ome.tif", 1, 1, 0, 0)) + self.image(
            1, 0.25, (OWN, 0, 0, 0, 0), (OWN, 1, 1, 0, 0)
        )

    def assert_is_the_second_position(self, path):
        (plane,) = read_planes(path)
        np.testing.assert_array_equal(plane.pixels, np.stack([ramp(), ramp() + 1], axis=-1))
        assert plane.channel_names == ("GFP", "DAPI")
        assert plane.pixel_size_um == 0.25

    def test_a_position_in_each_file(self, tmp_path, positions):
        self.assert_is_the_second_position(self.written(tmp_path, positions, 2))

    def test_a_file_that_was_renamed_is_known_by_its_uuid(self, tmp_path, positions):
        self.assert_is_the_second_position(self.written(tmp_path, positions, 2, name="renamed.tif"))

    def test_a_file_without_a_uuid_is_known_by_its_name(self, tmp_path, positions):
        self.assert_is_the_second_position(self.written(tmp_path, positions, 2, uuid=""))

    def test_which_of_a_set_it_is_has_to_be_known(self, tmp_path, positions):
        path = self.written(tmp_path, positions, 2, uuid="", name="renamed.tif")

        with pytest.raises(ImageError, match=r"2 files .*'first.ome.tif'.* Give it back its name") as caught:
            next(read_planes(path))
        assert caught.value.kind == "unsupported-format"

    def test_a_file_that_is_alone_may_be_renamed(self, tmp_path):
        images = self.image(0, 0.25, (OWN, 0, 0, 0, 0), (OWN, 1, 1, 0, 0))

        self.assert_is_the_second_position(self.written(tmp_path, images, 2, uuid="", name="renamed.tif"))

    def test_a_time_point_in_each_file(self, tmp_path):
        """The other files aren't opened, even if they are there."""
        images = self.image(0, 0.5, ("first.ome.tif", 0, 0, 0, 0), (OWN, 0, 0, 0, 1), c=1, t=2)
        self.written(tmp_path, images, 1, uuid=' UUID="urn:uuid:first.ome.tif"', name="first.ome.tif")

        (plane,) = read_planes(self.written(tmp_path, images, 1))

        assert (plane.scene, plane.t, plane.z) == (0, 1, 0)
        np.testing.assert_array_equal(plane.pixels[..., 0], ramp())

    @pytest.mark.parametrize("large", [False, True])
    def test_a_channel_in_each_file(self, tmp_path, large, monkeypatch):
        """What isn't here is no black channel: nuclei would be sought in it."""
        if large:
            monkeypatch.setattr("model.reading.plane.LARGE", 0)
        others = [("gfp.ome.tif", z, 0, z, 0) for z in range(3)]
        images = self.image(0, 0.5, *others, *((OWN, z, 1, z, 0) for z in range(3)), z=3)

        planes = list(read_planes(self.written(tmp_path, images, 3)))

        assert [plane.z for plane in planes] == [0, 1, 2]
        for z, plane in enumerate(planes):
            np.testing.assert_array_equal(plane.pixels, ramp()[..., None] + z)
            assert plane.channel_names == ("DAPI",)

    def test_pages_whose_metadata_lie_elsewhere_are_refused(self, tmp_path):
        path = self.written(tmp_path, '<BinaryOnly MetadataFile="a.companion.ome" UUID="urn:uuid:a"/>', 2)

        with pytest.raises(ImageError, match="Save it as one OME-TIFF with its metadata") as caught:
            next(read_planes(path))
        assert caught.value.kind == "unsupported-format"

    def test_files_of_other_channels_of_the_same_image_are_named(self, tmp_path):
        places = ((OWN, 0, 0, 0, 0), (OWN, 1, 0, 1, 0), ("b.ome.tif", 0, 1, 0, 0), ("b.ome.tif", 1, 1, 1, 0))
        assert files_of_other_channels(self.written(tmp_path, self.image(0, 0.5, *places, z=2), 2)) == [
            "b.ome.tif"
        ]

    def test_files_of_other_images_slices_and_times_are_not(self, tmp_path, positions):
        assert files_of_other_channels(self.written(tmp_path, positions, 2)) == []
        slices = self.image(0, 0.5, (OWN, 0, 0, 0, 0), ("b.ome.tif", 0, 0, 1, 0), c=1, z=2)
        assert files_of_other_channels(self.written(tmp_path, slices, 1)) == []

    def test_a_file_of_no_set_has_no_others(self, tmp_path):
        tifffile.imwrite(tmp_path / "a.tif", ramp())
        tifffile.imwrite(tmp_path / "a.ome.tif", np.stack([ramp()] * 2), metadata={"axes": "CYX"})
        assert files_of_other_channels(tmp_path / "a.tif") == []
        assert files_of_other_channels(tmp_path / "a.ome.tif") == []
