from dataclasses import dataclass
from pathlib import Path
import numpy as np
from PIL import Image

@dataclass(frozen=True)
class Plane:
    pixels: np.ndarray

def read_planes(path: Path) -> list[Plane]:
    a = np.asarray(Image.open(path))
    return [Plane(a if a.ndim == 3 else a[..., None])]
