"""Formats that people drop but that aren't read: refused by name, with what to do instead.

Some of them are a small picture in a common format, beside the folder or the file that holds the pixels: these are
told by their endings, as reading the picture would answer with a preview. All others are told by what they begin with,
and, where that says nothing, by their endings.
"""

from pathlib import Path

from model.errors import ImageError

ANYWHERE = "Export it as OME-TIFF, by the microscope's software, or with Fiji or bfconvert (Bio-Formats)"
WHOLE_SLIDE = "Export it as OME-TIFF: with QuPath, or with bfconvert (Bio-Formats)"
AS_TIFF = "Save it as TIFF or PNG"

PREVIEWS = {
    ".vsi": ("an Olympus VSI file, whose pixels lie in the ETS files of the folder beside it", WHOLE_SLIDE),
    ".mrxs": ("a 3DHISTECH MIRAX (MRXS) slide, whose pixels lie in the folder beside it", WHOLE_SLIDE),
    ".vms": ("a Hamamatsu VMS slide, whose pixels lie in files beside it", WHOLE_SLIDE),
    ".cr2": ("a raw photograph (Canon)", AS_TIFF),
    ".nef": ("a raw photograph (Nikon)", AS_TIFF),
    ".arw": ("a raw photograph (Sony)", AS_TIFF),
    ".dng": ("a raw photograph (DNG)", AS_TIFF),
    ".cif": ("an Amnis ImageStream file (CIF)", "Export the images of cells as TIFF from IDEAS"),
    ".rif": ("an Amnis ImageStream file (RIF)", "Export the images of cells as TIFF from IDEAS"),
}  # fmt: skip
"""Endings of files whose content is a picture in a format that is read, but not the image itself."""

# (offset, bytes, what it is)
SIGNATURES = (
    (0, b"\x89HDF", "an HDF5 file (Imaris IMS, ilastik, …)", ANYWHERE),
    (0, b"\xd0\xcf\x11\xe0", "an OLE file (Olympus OIB, Zeiss ZVI, Office, …)", ANYWHERE),
    (128, b"DICM", "a DICOM file", ANYWHERE),
    (0, b"ics_version", "an ICS/IDS image (Image Cytometry Standard)", ANYWHERE),
    (96, b"\xa0\xc0", "a DeltaVision file", ANYWHERE),
    (96, b"\xc0\xa0", "a DeltaVision file", ANYWHERE),
    (0, b"SIS\0", "an Olympus ETS file, a part of a VSI image", WHOLE_SLIDE),
    (0, b"OLYMPUSRAWFORMAT", "an Olympus OIR file", ANYWHERE),
    (0, b"OMAS_BF", "an Imspector OBF/MSR file", ANYWHERE),
    (208, b"MAP ", "an MRC file (electron microscopy)", ANYWHERE),
    (0, b"\0\0\0\x03", "a Gatan DM3 file", ANYWHERE),
    (0, b"\0\0\0\x04", "a Gatan DM4 file", ANYWHERE),
    (0, b"Andor Technology Multi-Channel File", "an Andor SIF file", ANYWHERE),
    (0, b"NRRD", "an NRRD file", ANYWHERE),
    (0, b"\x93NUMPY", "a NumPy array", "Save it as TIFF, with its axes: tifffile.imwrite(…, metadata={'axes': 'CYX'})"),
    (0, b"MATLAB 5.0", "a MATLAB file", AS_TIFF),
    (0, b"GIF8", "a GIF file", AS_TIFF),
    (8, b"WEBP", "a WebP file", AS_TIFF),
    (8, b"AVI ", "an AVI film", "Save its frames as TIFF"),
    (4, b"ftypavif", "an AVIF file", AS_TIFF),
    (4, b"ftyphei", "a HEIC file", AS_TIFF),
    (4, b"ftyp", "an MP4 or QuickTime film", "Save its frames as TIFF"),
    (4, b"jP  \r\n", "a JPEG 2000 file", AS_TIFF),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 code stream", AS_TIFF),
    (0, b"\xff\x0a", "a JPEG XL file", AS_TIFF),
    (0, b"II\xbc\x01", "a JPEG XR file", AS_TIFF),
    (0, b"8BPS", "a Photoshop file", AS_TIFF),
    (0, b"SIMPLE  =", "a FITS file", AS_TIFF),
    (0, b"%PDF", "a PDF file", "Save its pictures as TIFF or PNG"),
    (0, b"PK\x03\x04", "a ZIP archive", "Unpack it"),
    (0, b"\x1f\x8b", "a gzip archive", "Unpack it"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it"),
    (0, b"Rar!", "a RAR archive", "Unpack it"),
)  # fmt: skip

ENDINGS = {
    ".ims": ("an Imaris file (IMS)", ANYWHERE),
    ".oif": ("an Olympus OIF file, whose pixels lie in the folder .oif.files beside it", ANYWHERE),
    ".oib": ("an Olympus OIB file", ANYWHERE),
    ".oir": ("an Olympus OIR file", ANYWHERE),
    ".poir": ("an Olympus POIR file", ANYWHERE),
    ".ets": ("an Olympus ETS file, a part of a VSI image", WHOLE_SLIDE),
    ".zvi": ("a Zeiss ZVI file", ANYWHERE),
    ".ics": ("an ICS/IDS image (Image Cytometry Standard)", ANYWHERE),
    ".ids": ("an ICS/IDS image (Image Cytometry Standard)", ANYWHERE),
    ".dv": ("a DeltaVision file", ANYWHERE),
    ".r3d": ("a DeltaVision file", ANYWHERE),
    ".d3d": ("a DeltaVision file", ANYWHERE),
    ".dcm": ("a DICOM file", ANYWHERE),
    ".dicom": ("a DICOM file", ANYWHERE),
    ".sld": ("a SlideBook file", "Export it as OME-TIFF from SlideBook"),
    ".sldy": (
        "a SlideBook file (SLDY), whose pixels lie in the folder .dir beside it",
        "Export it as OME-TIFF from SlideBook",
    ),
    ".sldyz": ("a SlideBook file (SLDYZ)", "Export it as OME-TIFF from SlideBook"),
    ".xlef": ("a Leica XLEF project, whose pixels lie in other files", "Export it as LIF or OME-TIFF from LAS X"),
    ".xlif": ("a part of a Leica XLEF project", "Export it as LIF or OME-TIFF from LAS X"),
    ".lof": ("a Leica LOF file", "Export it as LIF or OME-TIFF from LAS X"),
    ".lei": ("a Leica LEI file, whose pixels lie in other files", ANYWHERE),
    ".mvd2": ("a Volocity library", ANYWHERE),
    ".liff": ("an Openlab LIFF file", ANYWHERE),
    ".pic": ("a Bio-Rad PIC file", ANYWHERE),
    ".c01": ("a Cellomics C01 file", ANYWHERE),
    ".dib": ("a Cellomics DIB file", ANYWHERE),
    ".xdce": ("the description of an InCell plate, whose pixels lie in TIFFs beside it", "Drop the TIFFs"),
    ".nd": ("the description of a MetaMorph series, whose pixels lie in files beside it", "Drop the STK or TIFFs"),
    ".mcd": ("a Hyperion IMC file (MCD)", "Export it as OME-TIFF, from MCD Viewer or with steinbock"),
    ".isyntax": ("a Philips iSyntax slide", WHOLE_SLIDE),
    ".vmu": ("a Hamamatsu VMU slide", WHOLE_SLIDE),
    ".ndpis": ("the list of a Hamamatsu slide's NDPI files", "Drop the NDPI files"),
    ".afi": ("the list of an Aperio slide's SVS files", "Drop the SVS files"),
    ".cxd": ("a SimplePCI file", ANYWHERE),
    ".h5": ("an HDF5 file", ANYWHERE),
    ".hdf5": ("an HDF5 file", ANYWHERE),
    ".n5": ("an N5 file", ANYWHERE),
    ".klb": ("a Keller Lab Block file", ANYWHERE),
    ".msr": ("an Imspector MSR file", ANYWHERE),
    ".obf": ("an Imspector OBF file", ANYWHERE),
    ".mrc": ("an MRC file (electron microscopy)", ANYWHERE),
    ".dm3": ("a Gatan DM3 file", ANYWHERE),
    ".dm4": ("a Gatan DM4 file", ANYWHERE),
    ".spe": ("a Princeton Instruments SPE file", ANYWHERE),
    ".sif": ("an Andor SIF file", ANYWHERE),
    ".nii": ("a NIfTI file", ANYWHERE),
    ".nrrd": ("an NRRD file", ANYWHERE),
    ".mha": ("a MetaImage file", ANYWHERE),
    ".mhd": ("a MetaImage file", ANYWHERE),
}  # fmt: skip
"""What files are by their endings, where their content doesn't say."""

SPECIFIC = {".ims", ".oib", ".zvi", ".cxd", ".dm3", ".dm4"}
"""Endings that say more than the content: it is a container of many formats, or begins like many others."""


def preview_refusal(path: Path) -> ImageError | None:
    """Return the error for a file that is but a preview of an image elsewhere; None for others."""
    found = PREVIEWS.get(path.suffix.casefold())
    return _refusal(path, *found) if found else None


def format_refusal(path: Path, head: bytes) -> ImageError | None:
    """Return the error for a file of a format that is known, but not read; None for others.

    Args:
        path: of the file.
        head: its first bytes.
    """
    by_ending = ENDINGS.get(path.suffix.casefold())
    for offset, signature, name, advice in SIGNATURES:
        if head[offset:].startswith(signature):
            specific = by_ending if path.suffix.casefold() in SPECIFIC else None
            return _refusal(path, *(specific or (name, advice)))
    return _refusal(path, *by_ending) if by_ending else None


def _refusal(path: Path, name: str, advice: str) -> ImageError:
    return ImageError("unsupported-format", f"{path} is {name}, which can't be read. {advice}.")
