"""Takes a file from its claim to its end: done, duplicate, failed, or back in the queue."""

import logging
from dataclasses import dataclass

from model.reading import Plane
from nuqleus.database.records import Claim
from nuqleus.database.results import ImageResult
from nuqleus.database.states import Files, FileState
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, LeaseLost
from nuqleus.logs import about_file
from nuqleus.messages import Job
from nuqleus.settings import Settings
from worker.album import Album, open_album
from worker.failures import explain
from worker.heartbeat import Heartbeat
from worker.patience import Patience
from worker.pipeline import FindsNuclei, Labels, process
from worker.source import FileChanged, Source, hash_content, unchanged
from worker.timelimit import TimeUp

log = logging.getLogger(__name__)

_NO_DATABASE = (DatabaseUnavailable, DatabaseDamaged)


@dataclass(frozen=True)
class Processor:
    """Processes files, one at a time.

    Attributes:
        settings: how long files may take, and how large they may be.
        source: where they lie.
        files: their states.
        segmenter: finds nuclei.
        model_id: of the segmenter's network in the database.
        owner: the name that claims are made under; no two live workers share one.
        heartbeat: keeps claims alive.
        patience: waits for what is away for a moment.
    """

    settings: Settings
    source: Source
    files: Files
    segmenter: FindsNuclei
    model_id: int
    owner: str
    heartbeat: Heartbeat
    patience: Patience

    def handle(self, job: Job) -> None:
        """Process a file if it is queued. Whatever happens to it ends up in the database, nothing is raised.

        If the database stays away, its row remains as it is: the scheduler's sweep will ring for it again.
        """
        with about_file(job.file_id):
            self._handle(job)

    def _handle(self, job: Job) -> None:
        try:
            claim = self.patience(self.files.claim, job.file_id, self.owner, self.settings.lease_seconds)
            if claim is None:
                log.debug("File %d needs nothing: it is done, or another worker's.", job.file_id)
                return
            with self.heartbeat.keeping(claim):
                self._settle(claim)
        except _NO_DATABASE as error:
            log.error("File %d is left to the scheduler's sweep: %s", job.file_id, error)

    def _settle(self, claim: Claim) -> None:
        try:
            self._work(claim)
        except LeaseLost:
            log.warning("%s: the lease was lost; nothing was written", claim.path)
        except FileChanged as change:
            log.info("%s; it waits until it is complete", change)
            self.patience(self.files.release, claim, to=FileState.WAITING)
        except _NO_DATABASE:
            raise
        except FileNotFoundError as error:
            self._leave_to_scheduler(claim, error)
        except (Exception, TimeUp) as error:
            self._fail(claim, error)

    def _leave_to_scheduler(self, claim: Claim, error: FileNotFoundError) -> None:
        """Let it judge whether the file was deleted, or its drive is away; it may see another folder than we do."""
        if claim.attempt >= self.settings.max_attempts:
            self._fail(claim, error)
            return
        log.info("%s is not there; the scheduler looks for it", claim.path)
        self.patience(self.files.release, claim, to=FileState.WAITING, counts=True)

    def _fail(self, claim: Claim, error: Exception | TimeUp) -> None:
        failure = explain(error, self.settings.soft_time_limit)
        log.warning("%s: %s: %s", claim.path, failure.kind, failure.message)
        if self.patience(self.files.fail, claim, failure.kind, failure.message):
            self.heartbeat.files_done += 1

    def _work(self, claim: Claim) -> None:
        sha256 = self.patience(self._hash, claim)
        if not self.patience(self._share_results, claim, sha256):
            with open_album(self.settings.overlay_dir, claim.path) as album:
                images = self.patience(self._process, claim, album)
                self.patience(self.files.complete, claim, sha256, self.model_id, images)
                if album:
                    album.publish()
            log.info("%s: %s", claim.path, _summary(images))
        self.heartbeat.files_done += 1

    def _hash(self, claim: Claim) -> str:
        path = self.source.locate(claim)
        with unchanged(path, claim):
            return hash_content(path)

    def _share_results(self, claim: Claim, sha256: str) -> bool:
        """Refer to a file with the same content that this network is done with, if there is one."""
        twin = self.files.find_twin(sha256, self.model_id, claim.file_id)
        if twin is None or not self.files.mark_duplicate(claim, sha256, twin):
            return False
        log.info("%s: a duplicate of file %d", claim.path, twin)
        return True

    def _process(self, claim: Claim, album: Album | None) -> list[ImageResult]:
        def look(plane: Plane, labels: Labels, _result: ImageResult) -> None:
            self.heartbeat.check()
            if album:
                album.add(plane, labels)

        path = self.source.locate(claim)
        with unchanged(path, claim):
            return list(process(path, self.segmenter, max_pixels=self.settings.max_pixels, look=look))


def _summary(images: list[ImageResult]) -> str:
    nuclei = sum(len(image.nuclei["label"]) for image in images)
    seconds = sum(sum(image.seconds.values()) for image in images)
    return f"{nuclei} nuclei in {len(images)} image{'s' * (len(images) != 1)}, {seconds:.2f} s"
