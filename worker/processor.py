"""Takes files from their claim to their end: done, duplicate, failed, or back in the queue."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from model.combining import Combiner
from model.reading import Plane
from nuqleus.database.records import Claim, Finished
from nuqleus.database.results import ImageResult
from nuqleus.database.states import Files, FileState
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, LeaseLost
from nuqleus.logs import about_file
from nuqleus.messages import Job
from nuqleus.rules import Choice, Rules
from nuqleus.settings import Settings
from worker.album import Album, open_album
from worker.company import Turns, work_together
from worker.failures import explain
from worker.heartbeat import Heartbeat
from worker.patience import Patience
from worker.pipeline import FindsNuclei, Labels, process
from worker.progress import Progress
from worker.source import FileChanged, Source, hash_content, unchanged
from worker.timelimit import Stuck, TimeUp

log = logging.getLogger(__name__)

TOGETHER = 32
"""Files that the database is asked about, or whose results are committed, together at most."""

_NO_DATABASE = (DatabaseUnavailable, DatabaseDamaged)

_Content = tuple[str, Choice]
"""What a file holds, as its SHA-256, and how it is looked at: where both are equal, so are the results."""


@dataclass
class Processor:
    """Processes files: a single one in the calling thread, a chunk in several.

    Attributes:
        settings: how long files may take, and how large they may be.
        source: where they lie.
        files: their states.
        segmenter: finds nuclei.
        model_id: of the segmenter's network in the database.
        owner: the name that claims are made under; no two live workers share one.
        heartbeat: keeps claims alive.
        patience: waits for what is away for a moment.
        leaving: set when the worker is about to end: files of a chunk that haven't begun go back.
    """

    settings: Settings
    source: Source
    files: Files
    segmenter: FindsNuclei
    model_id: int
    owner: str
    heartbeat: Heartbeat
    patience: Patience
    leaving: Event = field(init=False, default_factory=Event)
    _store: Combiner[Finished, Exception | None] = field(init=False)
    _find_twin: Combiner[_Content, int | None] = field(init=False)
    _turns: Turns = field(init=False, default_factory=Turns)
    _rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        """What several files want of the database at the same time is one transaction."""
        self._store = Combiner(self._complete_all, TOGETHER)
        self._find_twin = Combiner(self._find_twins, TOGETHER)
        self._rules = Rules.of(self.settings)

    def handle(self, job: Job) -> None:
        """Process files that are queued. Whatever happens to them ends up in the database.

        If the database stays away, their rows remain as they are: the scheduler's sweep will ring for them again.

        Raises:
            Stuck: files in company took too long. Their leases have run out, so that each gets its own chance.
        """
        try:
            claims = self.patience(self._claim, job)
            with self.heartbeat.keeping(claims):
                self._settle_all(claims)
        except _NO_DATABASE as error:
            log.error("Files %s are left to the scheduler's sweep: %s", job.file_ids, error)
        except TimeUp:
            log.warning("Files %s took too long together: each will be tried alone.", job.file_ids)
            self.patience(self.files.end_leases, [self.owner])
            raise Stuck from None

    def _claim(self, job: Job) -> list[Claim]:
        lease = self.settings.lease_seconds
        if len(job.file_ids) > 1:
            return self.files.claim_fresh(job.file_ids, self.owner, lease)
        claim = self.files.claim(job.file_ids[0], self.owner, lease)
        return [claim] if claim else []

    def _settle_all(self, claims: Sequence[Claim]) -> None:
        if len(claims) > 1:
            claims = self._settle_together(claims)
        for claim in claims:
            self._settle(claim)

    def _settle_together(self, claims: Sequence[Claim]) -> list[Claim]:
        """Process files in company. Returns those that need more memory than there is beside the others."""
        starved: list[Claim] = []
        work_together([partial(self._begin, claim, starved) for claim in claims])
        return starved

    def _begin(self, claim: Claim, starved: list[Claim]) -> None:
        if self.leaving.is_set():
            self.patience(self.files.release, claim, to=FileState.WAITING)
        else:
            self._settle(claim, starved.append)

    def _settle(self, claim: Claim, on_hunger: Callable[[Claim], None] | None = None) -> None:
        """Bring a file to its end; `on_hunger` is told if there was no memory, where that may be others' fault."""
        with about_file(claim.file_id):
            try:
                self._attempt(claim)
            except MemoryError as error:
                (on_hunger or partial(self._fail, error=error))(claim)

    def _attempt(self, claim: Claim) -> None:
        try:
            self._work(claim)
        except MemoryError:
            raise
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
        content = self.patience(self._hash, claim), self._rules.choose(claim.path)
        # of files with the same content, the second finds the results of the first
        with self._turns.of(content):
            if not self.patience(self._share_results, claim, content):
                self._find_results(claim, content)
        self.heartbeat.files_done += 1

    def _find_results(self, claim: Claim, content: _Content) -> None:
        sha256, choice = content
        with open_album(self.settings.overlay_dir, claim.path) as album:
            images = self.patience(self._process, claim, choice, album)
            if error := self.patience(self._store, Finished(claim, sha256, self.model_id, images, choice)):
                raise error
            if album:
                album.publish()
        log.info("%s: %s", claim.path, _summary(images))

    def _find_twins(self, contents: Sequence[_Content]) -> list[int | None]:
        twins = self.files.find_twins([sha256 for sha256, _ in contents], self.model_id)
        return [twins.get((sha256, str(choice))) for sha256, choice in contents]

    def _complete_all(self, finished: Sequence[Finished]) -> Sequence[Exception | None]:
        try:
            return self.files.complete_all(finished)
        except _NO_DATABASE:
            raise
        except Exception as error:
            if len(finished) == 1:
                return [error]
        return [outcome for file in finished for outcome in self._complete_all([file])]

    def _hash(self, claim: Claim) -> str:
        path = self.source.locate(claim)
        with unchanged(path, claim):
            return hash_content(path)

    def _share_results(self, claim: Claim, content: _Content) -> bool:
        """Refer to a file with the same content that this network is done with, if there is one."""
        sha256, choice = content
        twin = self._find_twin(content)
        if twin is None or not self.files.mark_duplicate(claim, sha256, twin, choice):
            return False
        log.info("%s: a duplicate of file %d", claim.path, twin)
        return True

    def _process(self, claim: Claim, choice: Choice, album: Album | None) -> list[ImageResult]:
        def look(plane: Plane, labels: Labels, _result: ImageResult) -> None:
            self.heartbeat.check(claim)
            if album:
                album.add(plane, labels)

        def step(done: int, blocks: int) -> None:
            self.heartbeat.check(claim)
            progress(done, blocks)

        progress = Progress(claim.path)
        limit = self.settings.max_pixels
        path = self.source.locate(claim)
        with unchanged(path, claim):
            return list(process(path, self.segmenter, choice, max_pixels=limit, look=look, step=step))


def _summary(images: list[ImageResult]) -> str:
    nuclei = sum(len(image.nuclei["label"]) for image in images)
    seconds = sum(sum(image.seconds.values()) for image in images)
    return f"{nuclei} nuclei in {len(images)} image{'s' * (len(images) != 1)}, {seconds:.2f} s"
