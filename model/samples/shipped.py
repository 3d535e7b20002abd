"""Real microscopy images inside installed packages: no network is needed to get them."""

from importlib.util import find_spec
from pathlib import Path

SHIPPED = {
    # U2OS cells, Coelho et al. 2009; in mahotas, the optional extra `samples`
    "nuclear.png": ("mahotas", "demos/data/nuclear.png"),
    # colon tissue, haematoxylin and DAB; in scikit-image
    "ihc.png": ("skimage", "data/ihc.png"),
}
"""Name of the sample → package and path inside it."""


def shipped_images() -> dict[str, Path]:
    """Find the images whose package is installed.

    Returns:
        Name of the sample → where the file lies.
    """
    found = {name: _inside(package, path) for name, (package, path) in SHIPPED.items()}
    return {name: path for name, path in found.items() if path is not None}


def _inside(package: str, path: str) -> Path | None:
    spec = find_spec(package)  # finds without importing
    places = spec.submodule_search_locations if spec else None
    file = Path(places[0], path) if places else None
    return file if file and file.is_file() else None
