"""Files as microscopes write them: CZI by Zeiss's own library, ND2 and LIF byte by byte from their structure."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

UM_PER_M = 1e6


def write_czi(
    path: Path, values: np.ndarray, names: Sequence[str] = (), um: float | None = None, **options: Any
) -> None:
    """Write (scenes, T, Z, C, H, W) values, uint8, uint16 or float32; scenes lie apart."""
    from pylibCZIrw import czi

    with czi.create_czi(str(path), exist_ok=True, **options) as file:
        for scene, t, z, c in np.ndindex(values.shape[:4]):
            at = (scene * 2 * values.shape[5], 0)
            file.write(values[scene, t, z, c], plane={"T": t, "Z": z, "C": c}, scene=scene, location=at)
        scale = {} if um is None else {"scale_x": um / UM_PER_M, "scale_y": um / UM_PER_M}
        file.write_metadata(document_name="a", channel_names=dict(enumerate(names)), **scale)


def write_lif(path: Path, images: Mapping[str, np.ndarray], names: Sequence[str], um: float, **parts) -> None:
    """Write images of (T, Z, C, H, W) values; as Leica does, the pixels follow the XML, each image in a block."""
    elements = "".join(
        _lif_image(number, name, values, names, um, **parts)
        for number, (name, values) in enumerate(images.items())
    )
    xml = f'<LMSDataContainerHeader Version="2"><Element Name="a"><Children>{elements}</Children></Element>'
    data = _lif_text(f"{xml}</LMSDataContainerHeader>")
    for number, values in enumerate(images.values()):
        block = f"MemBlock_{number}".encode("utf-16-le")
        head = struct.pack("<BQBI", 0x2A, values.nbytes, 0x2A, len(block) // 2)
        data += struct.pack("<II", 0x70, len(head) + len(block)) + head + block + values.tobytes()
    path.write_bytes(data)


def _lif_text(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<IIBI", 0x70, len(encoded) + 5, 0x2A, len(encoded) // 2) + encoded


def _lif_image(
    number: int, name: str, values: np.ndarray, names: Sequence[str], um: float, *, dyes: bool = True
) -> str:
    channels, dimensions = _lif_channels(values, names, dyes), _lif_dimensions(values, um)
    return (
        f'<Element Name="{name}"><Data><Image><ImageDescription><Channels>{channels}</Channels><Dimensions>'
        f"{dimensions}</Dimensions></ImageDescription></Image></Data>"
        f'<Memory Size="{values.nbytes}" MemoryBlockID="MemBlock_{number}"/></Element>'
    )


def _lif_channels(values: np.ndarray, names: Sequence[str], dyes: bool) -> str:
    plane = values[0, 0, 0].nbytes
    return "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="{8 * values.itemsize}" '
        f'NameOfMeasuredQuantity="" Min="0" Max="1" Unit="" LUTName="{"Gray" if dyes else dye}" '
        f'IsLUTInverted="0" BytesInc="{c * plane}" BitInc="0">{_lif_dye(dye) if dyes else ""}</ChannelDescription>'
        for c, dye in enumerate(names)
    )


def _lif_dimensions(values: np.ndarray, um: float) -> str:
    times, depth, _, height, width = values.shape
    row, plane_of_all = values.itemsize * width, values[0, 0].nbytes
    steps = {
        "1": (width, values.itemsize),
        "2": (height, row),
        "3": (depth, plane_of_all),
        "4": (times, plane_of_all * depth),
    }
    return "".join(
        f'<DimensionDescription DimID="{dim}" NumberOfElements="{count}" Origin="0" Unit="m" '
        f'Length="{um / UM_PER_M * (count - 1)!r}" BitInc="0" BytesInc="{step}"/>'
        for dim, (count, step) in steps.items()
    )


def _lif_dye(name: str) -> str:
    return f"<ChannelProperty><Key>DyeName</Key><Value>{name}</Value></ChannelProperty>"


def write_nd2(
    path: Path,
    values: np.ndarray,
    names: Sequence[str],
    um: float | None = None,
    *,
    colour: bool = False,
    missing: Sequence[int] = (),
) -> None:
    """Write (T, positions, Z, H, W, samples) values as frames in this order, without those missing.

    Samples are the channels, or red, green and blue (stored the other way round) of one.
    """
    height, width, samples = values.shape[3:]
    frames = values.reshape(-1, height, width, samples)
    chunks = {
        "ImageAttributesLV!": _nd2_values({"SLxImageAttributes": _nd2_attributes(values)}),
        "ImageMetadataSeqLV|0!": _nd2_values({"SLxPictureMetadata": _nd2_picture(names, um, colour)}),
        "ImageMetadataLV!": _nd2_values({"SLxExperiment": _nd2_loops(*values.shape[:3])}),
    }
    chunks |= {
        f"ImageDataSeq|{i}!": bytes(8) + frame.tobytes() for i, frame in enumerate(frames) if i not in missing
    }
    path.write_bytes(_nd2_file(chunks))


def _nd2_attributes(values: np.ndarray) -> dict[str, int]:
    times, positions, depth, height, width, samples = values.shape
    return {
        "uiWidth": width,
        "uiWidthBytes": width * samples * values.itemsize,
        "uiHeight": height,
        "uiComp": samples,
        "uiBpcInMemory": 8 * values.itemsize,
        "uiBpcSignificant": 8 * values.itemsize,
        "uiSequenceCount": times * positions * depth,
        "eCompression": 2,
    }


def _nd2_picture(names: Sequence[str], um: float | None, colour: bool) -> dict[str, Any]:
    planes = {
        f"a{i}": {
            "sDescription": name,
            "uiCompCount": 3 if colour else 1,
            "uiSampleIndex": i,
            "pFluorescentProbe": {"m_sName": name},
        }
        for i, name in enumerate(names)
    }
    return {
        "bCalibrated": um is not None,
        "dCalibration": um or 0.0,
        "sPicturePlanes": {"uiCount": len(planes), "sPlaneNew": planes},
    }


def _nd2_loops(times: int, positions: int, depth: int) -> dict[str, Any]:
    """Time points around positions around slices."""
    slices = {"eType": 4, "uLoopPars": {"uiCount": depth, "dZStep": 1.0}}
    points = {f"i{i:010}": {"dPosX": float(i)} for i in range(positions)}
    places = {"eType": 2, "uLoopPars": {"Points": points}, "ppNextLevelEx": {"i0": slices}}
    period = {"uiCount": times, "dStart": 0.0, "dPeriod": 1.0, "dDuration": 1.0}
    return {"eType": 1, "uLoopPars": period, "ppNextLevelEx": {"i0": places}}


def _nd2_file(chunks: Mapping[str, bytes]) -> bytes:
    data = bytearray(_nd2_chunk(b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver3.0".ljust(64, b"\0")))
    places = b""
    for name, content in chunks.items():
        places += name.encode() + struct.pack("<QQ", len(data), len(content))
        # a frame's pixels begin 4096 bytes after its chunk: its name is padded, and a time stamp comes first
        data += _nd2_chunk(name.encode().ljust(4072, b"\0"), content)
    end = b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", len(data))
    return bytes(data + _nd2_chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", places + end))


def _nd2_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<IIQ", 0x0ABECEDA, len(name), len(content)) + name + content


def _nd2_values(values: Mapping[str, Any]) -> bytes:
    """Names and values as ND2's "lite variant" has them."""
    data = b""
    for name, value in values.items():
        encoded = f"{name}\0".encode("utf-16-le")
        kind, content = _nd2_value(value, len(encoded) + 2)
        data += struct.pack("<BB", kind, len(encoded) // 2) + encoded + content
    return data


def _nd2_value(value: Any, before: int) -> tuple[int, bytes]:
    match value:
        case bool():
            return 1, struct.pack("<B", value)
        case int():
            return 3, struct.pack("<I", value)
        case float():
            return 6, struct.pack("<d", value)
        case str():
            return 8, f"{value}\0".encode("utf-16-le")
    inner = _nd2_values(value)
    return 11, struct.pack("<IQ", len(value), before + 12 + len(inner)) + inner + bytes(8 * len(value))
