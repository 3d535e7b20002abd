"""Results in Python: tables, masks and outlines, read only. `docs/python.md` shows how.

The one part of this room that reaches `model`, for label images and outlines.
"""

from nuqleus.results.results import ResultImage, Results, open_results

__all__ = ["ResultImage", "Results", "open_results"]
