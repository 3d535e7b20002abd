"""The format rois: outlines, as the ROI Manager of Fiji and ImageJ opens them."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray
from roifile import ROI_TYPE, ImagejRoi

from cli.exports.exporter import Written
from cli.exports.file_per_image import write_each_image
from model.labels.outline_polygons import Polygon, Ring
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.results.masks import outlined_nuclei

MOVE, LINE, CLOSE = 0, 1, 4
"""Steps of a path, as java.awt.geom.PathIterator numbers them."""


def export(results: Snapshot, output: Path) -> Written:
    """Write a ZIP of ROIs for each image below `rois/`."""
    return write_each_image(
        results,
        output / "rois",
        ending=".rois.zip",
        what="ROI files",
        write=lambda path, image: _write(path, image, results),
    )


def _write(path: Path, image: StoredImage, results: Snapshot) -> None:
    digits = max(4, len(str(image.columns["n_nuclei"])))
    with ZipFile(path, "w") as archive:
        for nucleus, polygons in outlined_nuclei(results, image):
            roi = _roi(polygons)
            roi.name = f"{nucleus['label']:0{digits}}"  # so that names sort like labels
            if image.images_in_file > 1:
                roi.z_position, roi.t_position = image.columns["z"] + 1, image.columns["t"] + 1
            # a ZipInfo without a time: equal results are equal files
            archive.writestr(ZipInfo(f"{roi.name}.roi"), roi.tobytes(), ZIP_DEFLATED)


def _roi(polygons: list[Polygon]) -> ImagejRoi:
    rings = [ring for polygon in polygons for ring in (polygon.shell, *polygon.holes)]
    if len(rings) > 1:
        return _composite(rings)
    roi = ImagejRoi.frompoints(np.array(rings[0], np.int32))
    roi.roitype = ROI_TYPE.TRACED  # along the edges of pixels
    return roi


def _composite(rings: list[Ring]) -> ImagejRoi:
    path = np.concatenate([_path(ring) for ring in rings])
    (left, top), (right, bottom) = (edge(np.concatenate(rings), axis=0).tolist() for edge in (np.min, np.max))
    return ImagejRoi(
        roitype=ROI_TYPE.RECT,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        multi_coordinates=path,
        shape_roi_size=len(path),
    )


def _path(ring: Ring) -> NDArray[np.float32]:
    steps = np.array([(LINE, x, y) for x, y in ring], np.float32)
    steps[0, 0] = MOVE
    return np.append(steps.reshape(-1), np.float32(CLOSE))
