"""Array types that several rooms share: what an array holds, and its dtype. Shapes are said where it is passed on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

AnyArray = NDArray[Any]
"""Pixels on their way out of a file, of any shape and dtype."""

PixelArray = NDArray[np.generic]
"""Pixels as a file has them: (H, W, C) of any numeric dtype."""

FloatImage = NDArray[np.float32]
"""An image as the network sees it: (H, W, C), normalised to about 0..1."""

Maps = NDArray[np.float32]
"""What the network makes of an image: (H, W, maps) probabilities."""

Labels = NDArray[np.int32]
"""A label image: (H, W), 0 background, 1..N nuclei."""

AnyLabels = NDArray[np.integer]
"""A label image as others make them: of any integer dtype, and labels may be missing."""

Weights = NDArray[np.float32]
"""A variable of a network's layer."""

Region = tuple[slice, slice]
"""Rows and columns of an image, or of a part of one."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indices = NDArray[np.intp]
