"""Errors between a file and its numbers.

ModelError
├── ImageError          this file can't be read; trying again won't help
├── MaskError           a stored mask can't be put together again
├── WeightsError        the weights don't fit the network, or can't be read
└── DatasetError        a folder of labelled images isn't laid out as it must be
"""


class ModelError(Exception):
    """Root of this room's errors."""


class ImageError(ModelError):
    """A file that can't be read as an image.

    Attributes:
        kind: short name of the reason, stored as `files.error_kind`: `empty-file`, `not-an-image`, `truncated`,
            `damaged`, `git-lfs-pointer`, `unsupported-format`, `too-many-pixels`, `no-such-channel`,
            `field-mismatch`, `unknown-pixel-size`.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class MaskError(ModelError):
    """Blocks of a mask that are damaged, misplaced or missing."""


class WeightsError(ModelError):
    """Weights that can't be used."""


class DatasetError(ModelError):
    """A folder of labelled images that can't be trained or measured on."""
