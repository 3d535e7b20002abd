"""Drawn plates: files as each screening microscope writes them, with known nuclei, in random order."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile

from nuqleus.well_names import parse_well

GUID = "4BFB2C2E-1B1B-4F7D-8F1B-0F3C2B1D7E11"
NAMES = ("DAPI", "FITC", "TRITC", "Cy5")
LIGHT = ("UV", "Blue", "Green", "Red")
WAVELENGTHS = (365, 480, 545, 630)
SIZE = 96

PATTERN = (
    r"^(?P<plate>.+)_(?P<well>[A-P]\d\d)_f(?P<site>\d+)_(?P<channel>DAPI|FITC|TRITC|Cy5)(_z(?P<z>\d+))?\.tif$"
)
"""What `pattern` plates are called, for a rule."""


@dataclass(frozen=True)
class Part:
    """One file of a plate; channel, site and plane count from 0."""

    well: str
    site: int
    channel: int
    z: int | None = None


@dataclass(frozen=True)
class DrawnPlate:
    """A plate to be written.

    Attributes:
        convention: whose names its files have.
        without: files that are left out.
    """

    convention: str
    wells: tuple[str, ...]
    sites: int = 2
    channels: int = 3
    planes: int = 1
    name: str = "Plate1"
    without: frozenset[Part] = field(default_factory=frozenset)

    def parts(self) -> Iterator[Part]:
        """All files but those that are left out."""
        steps: list[int | None] = [None] if self.planes == 1 else list(range(self.planes))
        for well in self.wells:
            for site in range(self.sites):
                for channel in range(self.channels):
                    yield from (
                        part for z in steps if (part := Part(well, site, channel, z)) not in self.without
                    )

    def path(self, part: Part) -> str:
        """Where a file lies, relative to the plate's folder."""
        return _PATHS[self.convention](self, part)

    def nuclei(self, well: str, site: int) -> int:
        """How many nuclei a field shows."""
        row_col = parse_well(well)
        assert row_col is not None
        return 2 + (row_col.row * 12 + row_col.col + 5 * site) % 4

    def write(self, folder: Path, *, sidecar: bool = True) -> None:
        """Write everything in random order: images, and what microscopes write beside them."""
        writers = [
            (self.path(part), lambda path, part=part: self.write_part(path, part)) for part in self.parts()
        ]
        writers += [
            (path, lambda path, data=data: path.write_bytes(data)) for path, data in self._beside().items()
        ]
        if sidecar:
            writers += [
                (path, lambda path, text=text: path.write_text(text))
                for path, text in self.sidecars().items()
            ]
        random.Random(7).shuffle(writers)
        for path, write in writers:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target)

    def write_sidecar(self, folder: Path) -> None:
        """Write what says what the plate holds, alone."""
        for path, text in self.sidecars().items():
            (folder / path).write_text(text)

    def write_part(self, path: Path, part: Part) -> None:
        """Write a file: nuclei in the first channel, a part of their light in the others."""
        pixels = _field(self.nuclei(part.well, part.site))
        light = (1.0, 0.3, 0.2, 0.1)[part.channel]
        focus = 1.0 if part.z in {None, self.planes // 2} else 0.6
        noise = np.random.default_rng([*map(ord, part.well), part.site, part.channel, part.z or 0])
        values = 400 + 9_000 * light * focus * pixels + noise.normal(0, 20, pixels.shape)
        tifffile.imwrite(path, values.astype(np.uint16), photometric="minisblack")

    def sidecars(self) -> dict[str, str]:
        """Text of the files that say what the plate holds, by path."""
        return _SIDECARS[self.convention](self)

    def _beside(self) -> dict[str, bytes]:
        if self.convention == "ImageXpress":
            thumbs = (part for part in self.parts() if part.site == 0)
            return {self.path(part).replace(GUID, f"_thumb{GUID}"): b"small" for part in thumbs}
        if self.convention == "CellVoyager":
            return {"DC_sCMOS #1_CAM1.tif": b"dark", "SC_BP445-45_20x_M01_CH01.tif": b"flat"}
        return {"notes.xml": b"<notes/>"}


def _field(nuclei: int) -> np.ndarray:
    """Discs with soft edges, in a grid: float (SIZE, SIZE), 0 to 1."""
    rows, cols = np.mgrid[:SIZE, :SIZE]
    image = np.zeros((SIZE, SIZE))
    for number in range(nuclei):
        row, col = 24 + 48 * (number // 2 % 2), 24 + 48 * (number % 2)
        if number == 4:
            row = col = 48
        distance = np.hypot(rows - row, cols - col)
        image = np.maximum(image, np.clip((11.5 - distance) / 2, 0, 1))
    return image


def _imagexpress(plate: DrawnPlate, part: Part) -> str:
    step = "" if part.z is None else f"ZStep_{part.z + 1}/"
    return f"TimePoint_1/{step}{plate.name}_{part.well}_s{part.site + 1}_w{part.channel + 1}{GUID}.tif"


def _opera(_plate: DrawnPlate, part: Part) -> str:
    well = parse_well(part.well)
    assert well is not None
    place = f"r{well.row + 1:02d}c{well.col + 1:02d}f{part.site + 1:02d}p{(part.z or 0) + 1:02d}"
    return f"Images/{place}-ch{part.channel + 1}sk1fk1fl1.tiff"


def _cellvoyager(plate: DrawnPlate, part: Part) -> str:
    place = f"T0001F{part.site + 1:03d}L01A01Z{(part.z or 0) + 1:02d}C{part.channel + 1:02d}"
    return f"{plate.name}_{part.well}_{place}.tif"


def _incell(_plate: DrawnPlate, part: Part) -> str:
    step = "" if part.z is None else f" z {part.z + 1:02d}"
    channel = f"{LIGHT[part.channel]} - {NAMES[part.channel]}"
    return f"{part.well[0]} - {part.well[1:]}(fld {part.site + 1} wv {channel}{step}).tif"


def _pattern(plate: DrawnPlate, part: Part) -> str:
    step = "" if part.z is None else f"_z{part.z}"
    return f"{plate.name}_{part.well}_f{part.site + 1}_{NAMES[part.channel]}{step}.tif"


def _htd(plate: DrawnPlate) -> dict[str, str]:
    lines = ['"HTSInfoFile", Version 1.0', '"XWells", 12', '"YWells", 8', '"Sites", TRUE', '"Waves", TRUE']
    lines += [f'"ZSeries", {"TRUE" if plate.planes > 1 else "FALSE"}', f'"NWavelengths", {plate.channels}']
    lines += [f'"WaveName{number + 1}", "{NAMES[number]}"' for number in range(plate.channels)]
    return {f"{plate.name}.HTD": "\r\n".join([*lines, '"EndFile"'])}


def _index(plate: DrawnPlate) -> dict[str, str]:
    images = "".join(
        f"<Image Version='1'><URL>{Path(plate.path(part)).name}</URL><ChannelID>{part.channel + 1}</ChannelID>"
        f"<ChannelName>{NAMES[part.channel]}</ChannelName><ImageResolutionX Unit='m'>3.25E-07</ImageResolutionX>"
        f"<MainExcitationWavelength Unit='nm'>{WAVELENGTHS[part.channel]}</MainExcitationWavelength></Image>"
        for part in plate.parts()
    )
    plates = "<Plates><Plate><PlateRows>8</PlateRows><PlateColumns>12</PlateColumns></Plate></Plates>"
    space = "http://www.perkinelmer.com/PEHH/HarmonyV5"
    text = f'<EvaluationInputData xmlns="{space}">{plates}<Images>{images}</Images></EvaluationInputData>'
    return {"Images/Index.idx.xml": f'<?xml version="1.0" encoding="utf-8"?>{text}'}


def _measurement(plate: DrawnPlate) -> dict[str, str]:
    space = 'xmlns:bts="http://www.yokogawa.co.jp/BTS/BTSSchema/1.0"'
    records = "".join(
        f'<bts:MeasurementRecord bts:Type="IMG">{plate.path(part)}</bts:MeasurementRecord>'
        for part in plate.parts()
    )
    channels = "".join(
        f'<bts:MeasurementChannel bts:Ch="{number + 1}" bts:HorizontalPixelDimension="0.325"/>'
        for number in range(plate.channels)
    )
    size = 'bts:RowCount="8" bts:ColumnCount="12"'
    return {
        "MeasurementData.mlf": f"<bts:MeasurementData {space}>{records}</bts:MeasurementData>",
        "MeasurementDetail.mrf": f"<bts:MeasurementDetail {space} {size}>{channels}</bts:MeasurementDetail>",
    }


def _xdce(plate: DrawnPlate) -> dict[str, str]:
    waves = "".join(
        f'<Wavelength index="{number}"><ExcitationFilter name="{LIGHT[number]}" wavelength="{WAVELENGTHS[number]}"/>'
        f'<EmissionFilter name="{NAMES[number]}" wavelength="{WAVELENGTHS[number] + 80}"/></Wavelength>'
        for number in range(plate.channels)
    )
    images = "".join(f'<Image filename="{plate.path(part)}"/>' for part in plate.parts())
    size = '<Plate rows="8" columns="12"/><ObjectiveCalibration pixel_width="0.325"/>'
    return {
        f"{plate.name}.xdce": f"<ImageStack>{size}<Wavelengths>{waves}</Wavelengths>{images}</ImageStack>"
    }


def _nothing(_plate: DrawnPlate) -> dict[str, str]:
    return {}


_PATHS = {
    "ImageXpress": _imagexpress,
    "Opera Phenix": _opera,
    "CellVoyager": _cellvoyager,
    "InCell": _incell,
    "pattern": _pattern,
}
_SIDECARS = {
    "ImageXpress": _htd,
    "Opera Phenix": _index,
    "CellVoyager": _measurement,
    "InCell": _xdce,
    "pattern": _nothing,
}
CONVENTIONS = tuple(_PATHS)


def all_wells(rows: int = 8, cols: int = 12) -> tuple[str, ...]:
    """Names of the wells of a plate."""
    return tuple(f"{chr(ord('A') + row)}{col + 1:02d}" for row in range(rows) for col in range(cols))
