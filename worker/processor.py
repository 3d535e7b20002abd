"""Takes files from their claim to their end: done, duplicate, failed, or back in the queue."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TypeVar

from model.reading import Plane
from nuqleus.database.files.records import Claim
from nuqleus.database.files.results import Finished, ImageResult
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, LeaseLost
from nuqleus.image_options import ImageOptions
from nuqleus.logs import about_file
from nuqleus.messages import Job
from nuqleus.rules import Rules
from nuqleus.settings import Settings
from worker.failures import describe_failure
from worker.heartbeat import Heartbeat
from worker.inbox_reader import FileChanged, InboxReader, ensure_unchanged, hash_content
from worker.overlay_writer import Album, open_album
from worker.pipeline import Labels, SegmenterProtocol, process
from worker.progress import Progress
from worker.retry import RetryPolicy
from worker.thread_pool import run_concurrently
from worker.time_limit import ChunkTimedOut, TimeLimitExceeded

log = logging.getLogger(__name__)

_NO_DATABASE = (DatabaseUnavailable, DatabaseDamaged)

_Content = tuple[str, ImageOptions]
"""What a file holds, as its SHA-256, and how it is looked at: where both are equal, so are the results."""

_OnHunger = Callable[[Claim], object]
"""Told of a file that found no memory, where that may be others' fault."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Ready:
    """Results to be stored, and pictures to be shown then; leaving `unshown` throws those away."""

    file: Finished
    album: Album | None
    unshown: ExitStack


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
        retry: waits for what is away for a moment.
        draining: set when the worker is about to end: files that haven't begun go back.
    """

    settings: Settings
    source: InboxReader
    files: WorkerFiles
    segmenter: SegmenterProtocol
    model_id: int
    owner: str
    heartbeat: Heartbeat
    retry: RetryPolicy
    draining: Event = field(init=False, default_factory=Event)
    _rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        """What the rules say is settled when the worker starts."""
        self._rules = self.settings.image_rules()

    def handle(self, job: Job) -> None:
        """Process files that are queued. Whatever happens to them ends up in the database.

        If the database stays away, their rows remain as they are: the scheduler's sweep will ring for them again.

        Raises:
            ChunkTimedOut: files in company took too long. Their leases have run out, so that each gets its own chance.
        """
        claims: list[Claim] = []
        try:
            claims = self.retry(self._claim, job)
            with self.heartbeat.keeping(claims):
                self._settle_all(claims)
        except _NO_DATABASE as error:
            log.error("Files %s are left to the scheduler's sweep: %s", job.file_ids, error)
        except TimeLimitExceeded as error:
            self._give_up(claims, error)

    def _claim(self, job: Job) -> list[Claim]:
        lease = self.settings.lease_seconds
        if len(job.file_ids) > 1:
            return self.files.claim_fresh(job.file_ids, self.owner, lease)
        claim = self.files.claim(job.file_ids[0], self.owner, lease)
        return [claim] if claim else []

    def _give_up(self, claims: Sequence[Claim], error: TimeLimitExceeded) -> None:
        if len(claims) == 1:
            with about_file(claims[0].file_id):
                self._fail(claims[0], error)
            return
        log.warning("Files %s took too long together: each will be tried alone.", [c.file_id for c in claims])
        self.retry(self.files.end_leases, [self.owner])
        raise ChunkTimedOut from None

    def _settle_all(self, claims: Sequence[Claim]) -> None:
        found: dict[Claim, _Content] = {}
        self._together(
            {claim: partial(self._identify, claim) for claim in claims},
            lambda ended, _on_hunger: found.update(ended),
        )
        contents = [(found[claim], claim) for claim in claims if claim in found]
        while contents:
            # of files with the same content, the second finds the results of the first
            firsts: dict[_Content, Claim] = {}
            for content, claim in contents:
                firsts.setdefault(content, claim)
            self._settle_unlike(firsts)
            contents = [(content, claim) for content, claim in contents if claim != firsts[content]]

    def _settle_unlike(self, claims: Mapping[_Content, Claim]) -> None:
        """Bring files, no two of the same content, to their end."""
        twins = self.retry(self.files.find_originals, [sha256 for sha256, _ in claims], self.model_id)
        actions = {
            claim: partial(self._find_results, claim, (sha256, choice), twins.get((sha256, str(choice))))
            for (sha256, choice), claim in claims.items()
        }
        self._together(actions, self._store)

    def _together(
        self,
        actions: Mapping[Claim, Callable[[], Result | None]],
        take: Callable[[list[Result], _OnHunger], object],
    ) -> None:
        """Do something about each of several files, at the same time; `take` what was returned, if anything was.

        One that needs more memory than there is beside the others is tried again, alone.
        """
        starved: list[Claim] = []
        on_hunger = starved.append if len(actions) > 1 else self._fail_for_hunger

        def take_some(ended: list[Result | None]) -> None:
            if results := [result for result in ended if result is not None]:
                take(results, on_hunger)

        tasks = [partial(self._settle, claim, action, on_hunger) for claim, action in actions.items()]
        run_concurrently(tasks, take_some)
        for claim in starved:
            self._together({claim: actions[claim]}, take)

    def _settle(
        self, claim: Claim, action: Callable[[], Result | None], on_hunger: _OnHunger
    ) -> Result | None:
        """Do something about a file. If that goes wrong, so that there is no result, the file has come to its end."""
        with about_file(claim.file_id):
            try:
                return self._attempt(claim, action)
            except MemoryError:
                on_hunger(claim)
                return None

    def _attempt(self, claim: Claim, action: Callable[[], Result | None]) -> Result | None:
        try:
            return action()
        except (MemoryError, *_NO_DATABASE):
            raise
        except LeaseLost:
            log.warning("%s: the lease was lost; nothing was written", claim.path)
        except FileChanged as change:
            log.info("%s; it waits until it is complete", change)
            self.retry(self.files.release, claim)
        except FileNotFoundError as error:
            self._leave_to_scheduler(claim, error)
        except Exception as error:
            self._fail(claim, error)
        return None

    def _leave_to_scheduler(self, claim: Claim, error: FileNotFoundError) -> None:
        """Let it judge whether the file was deleted, or its drive is away; it may see another folder than we do."""
        if claim.attempt >= self.settings.max_attempts:
            self._fail(claim, error)
            return
        log.info("%s is not there; the scheduler looks for it", claim.path)
        self.retry(self.files.release, claim, count_attempt=True)

    def _fail_for_hunger(self, claim: Claim) -> None:
        self._fail(claim, MemoryError())

    def _fail(self, claim: Claim, error: Exception | TimeLimitExceeded) -> None:
        failure = describe_failure(error, self.settings.soft_time_limit)
        log.warning("%s: %s: %s", claim.path, failure.kind, failure.message)
        if self.retry(self.files.fail, claim, failure.kind, failure.message):
            self.heartbeat.files_done += 1

    def _identify(self, claim: Claim) -> tuple[Claim, _Content]:
        return claim, (self.retry(self._hash, claim), self._rules.options_for(claim.path))

    def _hash(self, claim: Claim) -> str:
        path = self.source.locate(claim)
        with ensure_unchanged(path, claim):
            return hash_content(path)

    def _find_results(self, claim: Claim, content: _Content, twin: int | None) -> _Ready | None:
        """Find what is in a file. None if it goes back, or shares the results of a file that is done."""
        if self.draining.is_set():
            self.retry(self.files.release, claim)
            return None
        if twin is not None and self.retry(self._share_results, claim, content, twin):
            return None
        sha256, choice = content
        with ExitStack() as unshown:
            album = unshown.enter_context(open_album(self.settings.overlay_dir, claim.path))
            images = self.retry(self._process, claim, choice, album)
            return _Ready(Finished(claim, sha256, self.model_id, images, choice), album, unshown.pop_all())

    def _share_results(self, claim: Claim, content: _Content, twin: int) -> bool:
        """Refer to a file with the same content that this network is done with, if it still is."""
        sha256, choice = content
        if not self.files.mark_duplicate(claim, sha256, twin, choice):
            return False
        self.heartbeat.files_done += 1
        log.info("%s: a duplicate of file %d", claim.path, twin)
        return True

    def _process(self, claim: Claim, choice: ImageOptions, album: Album | None) -> list[ImageResult]:
        def on_image(plane: Plane, labels: Labels, _result: ImageResult) -> None:
            self.heartbeat.check(claim)
            if album:
                album.add(plane, labels)

        def on_block(done: int, blocks: int) -> None:
            self.heartbeat.check(claim)
            progress(done, blocks)

        progress = Progress(claim.path)
        limit = self.settings.max_pixels
        path = self.source.locate(claim)
        with ensure_unchanged(path, claim):
            return list(
                process(path, self.segmenter, choice, max_pixels=limit, on_image=on_image, on_block=on_block)
            )

    def _store(self, ready: Sequence[_Ready], on_hunger: _OnHunger) -> None:
        """Commit the results of several files together."""
        with ExitStack() as unshown:
            for result in ready:
                unshown.push(result.unshown)
            outcomes = self.retry(self._complete_all, [result.file for result in ready])
            for result, error in zip(ready, outcomes, strict=True):
                self._settle(result.file.claim, partial(self._conclude, result, error), on_hunger)

    def _complete_all(self, finished: Sequence[Finished]) -> Sequence[Exception | None]:
        try:
            return self.files.complete_all(finished)
        except _NO_DATABASE:
            raise
        except Exception as error:
            if len(finished) == 1:
                return [error]
        return [outcome for file in finished for outcome in self._complete_all([file])]

    def _conclude(self, result: _Ready, error: Exception | None) -> None:
        if error:
            raise error
        if result.album:
            result.album.publish()
        self.heartbeat.files_done += 1
        log.info("%s: %s", result.file.claim.path, _summary(result.file.images))


def _summary(images: Sequence[ImageResult]) -> str:
    nuclei = sum(len(image.nuclei["label"]) for image in images)
    seconds = sum(sum(image.seconds.values()) for image in images)
    return f"{nuclei} nuclei in {len(images)} image{'s' * (len(images) != 1)}, {seconds:.2f} s"
