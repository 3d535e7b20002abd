"""OME-XML of a single file of a set.

OME may spread images over a set of files, and writes the metadata of the whole set into each. The others are files of
their own here: only what lies in this file counts, and none of the others is opened.
"""

from pathlib import Path
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from tifffile import TiffFile

from model.errors import ImageError
from model.reading.xml_tree import at_path, children, descendants, parse_xml


def own_metadata(path: Path, tif: TiffFile) -> str | None:
    """Return a file's OME-XML without what lies in other files: an `Image` for each that has pixels here.

    Places in z, time and channel that lie elsewhere stay places, without a page.

    Args:
        path: the file, for its name and for messages.
        tif: the same, opened.

    Returns:
        None where the file isn't OME, or its XML says nothing of where its planes are.

    Raises:
        ImageError: `unsupported-format`: which planes these are can't be told.
    """
    try:
        root = parse_xml(tif.ome_metadata or "")
    except ET.ParseError:  # tifffile takes such a file for a plain TIFF
        return None
    if children(root, "BinaryOnly") and len(tif.pages) > 1:
        raise _without_metadata(path)
    _drop_others(root, _own_uuids(path, root))
    return ET.tostring(root, encoding="unicode") if children(root, "Image") else None


def files_of_other_channels(path: Path) -> list[str]:
    """Names of the files that hold other channels of an image than a file of a set does, as its OME-XML says.

    Args:
        path: of an OME-TIFF that could be read.
    """
    with path.open("rb") as file, TiffFile(file, _multifile=False) as tif:
        text = tif.ome_metadata
    root = parse_xml(text) if text else None
    if root is None or next(descendants(root, "UUID"), None) is None:
        return []
    own, found = _own_uuids(path, root), set[str]()
    for pixels in at_path(root, "Image/Pixels"):
        planes = [
            (data.get("FirstC", "0"), uuid)
            for data in children(pixels, "TiffData")
            for uuid in children(data, "UUID")
        ]
        here = {channel for channel, uuid in planes if uuid.text in own}
        found |= {uuid.get("FileName", "") for channel, uuid in planes if here and channel not in here}
    return sorted(found - {"", path.name})


def _own_uuids(path: Path, root: Element) -> set[str | None]:
    """Return what planes are marked with that lie in this file."""
    names = {uuid.text: uuid.get("FileName", "") for uuid in descendants(root, "UUID")}
    if root.get("UUID") in names:
        return {root.get("UUID")}
    by_name = {uuid for uuid, name in names.items() if name.casefold() == path.name.casefold()}
    if not by_name and len(names) > 1:
        raise _no_member(path, sorted(names.values()))
    return by_name or set(names)  # all lie in one file, which was renamed


def _drop_others(root: Element, own: set[str | None]) -> None:
    for image in children(root, "Image"):
        for pixels in children(image, "Pixels"):
            for data in children(pixels, "TiffData"):
                uuids = children(data, "UUID")
                if any(uuid.text not in own for uuid in uuids):
                    pixels.remove(data)
                for uuid in uuids:
                    data.remove(uuid)
        if not any(children(pixels, "TiffData") for pixels in children(image, "Pixels")):
            root.remove(image)


def _no_member(path: Path, names: list[str]) -> ImageError:
    some = ", ".join(repr(name) for name in names[:3])
    return ImageError(
        "unsupported-format",
        f"{path} can't be read: its OME metadata are about {len(names)} files ({some}{', …' * (len(names) > 3)}), and "
        "which of them it is can't be told. Give it back its name, or save it as one OME-TIFF.",
    )


def _without_metadata(path: Path) -> ImageError:
    return ImageError(
        "unsupported-format",
        f"{path} can't be read: what its pages are is said in another file (OME BinaryOnly). "
        "Save it as one OME-TIFF with its metadata.",
    )
