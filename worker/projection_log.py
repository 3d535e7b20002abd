"""Projection log: says once that the steps of a field's z-stack were made one image: nobody may have asked for it."""

import logging
from collections.abc import Sequence

from nuqleus.database.files.records import Claim
from nuqleus.database.files.results import ImageResult

log = logging.getLogger(__name__)


class ProjectionLog:
    """Tells of the first field of a plate that was projected."""

    def __init__(self) -> None:
        self._has_told = False

    def note(self, claim: Claim, images: Sequence[ImageResult]) -> None:
        """Take note of the images of a file that is done."""
        projection = next((image.projection for image in images if image.projection), None)
        if claim.field_key is None or projection is None or self._has_told:
            return
        self._has_told = True
        log.info(
            "%s: the steps of its field's z-stack were made one image (%s), as those of all fields are. NUQLEUS_Z or a "
            "rule says otherwise: planes, max, mean.",
            claim.path,
            projection,
        )
