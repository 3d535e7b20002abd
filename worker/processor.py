"""Processor: takes files from their claim to an outcome, and has it committed.

The way of a file: `handle` claims it, `_identify` hashes it, and `_segment` gives it back (if the worker is about to
end), calls it a duplicate, or finds its nuclei. Of several files with one content the later ones wait a round. Each
step returns what became of the file (`worker.outcomes`), an error becomes an outcome in `_attempt`, and
`OutcomeWriter.commit` writes it. A file that is not through then (`Identified`, `OutOfMemory`) goes round again.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from model.labels.masks import LabelImage
from model.memory_budget import MemoryBudget
from model.reading import LARGE, Plane
from nuqleus.database.files.records import Claim
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.logs import about_file
from nuqleus.messages import Job
from nuqleus.rules import Rules
from nuqleus.settings import Settings
from worker.claimed_field import field_content, field_of, located
from worker.failures import describe_failure
from worker.field_copy import find_copied
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader, hash_content, naming
from worker.inbox_wait import InboxWait
from worker.metrics import Metrics
from worker.ome_set_log import OmeSetLog
from worker.outcome_writer import OutcomeWriter
from worker.outcomes import (
    Content,
    Copied,
    Done,
    Duplicate,
    Failed,
    Identified,
    Moved,
    OutOfMemory,
    Released,
    StepResult,
    Unchanged,
    Unfinished,
)
from worker.overlay_writer import OverlayWriter
from worker.pipeline import SegmenterProtocol, process
from worker.progress import Progress
from worker.retry_policy import NO_DATABASE, RetryPolicy
from worker.thread_pool import run_concurrently
from worker.time_limit import ChunkTimedOut, TimeLimitExceeded

log = logging.getLogger(__name__)

Step = Callable[[], StepResult]


@dataclass
class Processor:
    """Processes files: a single one in the calling thread, a chunk in several.

    Attributes:
        settings: how long files may take, and how large they may be.
        inbox: where they lie.
        files: their states.
        segmenter: finds nuclei.
        model_id: of the segmenter's network in the database.
        owner: the name that claims are made under; no two live workers share one.
        heartbeat: keeps claims alive.
        retry: waits for what is away for a moment.
        metrics: counts for Prometheus.
        memory: pixels that the threads segment and measure at the same time; at least one image.
    """

    settings: Settings
    inbox: InboxReader
    files: WorkerFiles
    segmenter: SegmenterProtocol
    model_id: int
    owner: str
    heartbeat: Heartbeat
    retry: RetryPolicy
    metrics: Metrics = field(default_factory=Metrics)
    memory: MemoryBudget = field(default_factory=lambda: MemoryBudget(LARGE))
    _draining: bool = field(init=False, default=False)
    _rules: Rules = field(init=False)
    _writer: OutcomeWriter = field(init=False)
    _inbox_wait: InboxWait = field(init=False)
    _ome_sets: OmeSetLog = field(init=False)

    def __post_init__(self) -> None:
        """Read the rules once, when the worker starts."""
        self._rules = self.settings.image_rules()
        self._ome_sets = OmeSetLog(self.files.note_ome_set)
        self._inbox_wait = InboxWait(self.inbox, self.retry.sleep)
        self._writer = OutcomeWriter(self.settings, self.files, self.heartbeat, self.metrics, self.retry)

    def drain(self) -> None:
        """Segment no further file: hashing goes on, then those of the chunk go back. Safe in a signal handler."""
        self._draining = True

    def handle(self, job: Job) -> None:
        """Process files that are queued. Whatever happens to them ends up in the database.

        If the database or the watched folder stays away, their rows remain as they are: the scheduler's sweep sends
        them again.

        Raises:
            ChunkTimedOut: a chunk took too long. The leases have run out, so that each file gets its own chance.
        """
        # nobody has to end a worker that waits for its folder
        if not self._inbox_wait.is_over(self.settings.soft_time_limit / 2, lambda: self._draining):
            return
        claims: list[Claim] = []
        try:
            claims = self.retry(self._claim, job)
            with self.heartbeat.keeping(claims):
                self._process_all(claims)
        except NO_DATABASE as error:
            log.error("Files %s are left to the scheduler's sweep: %s", job.file_ids, error)
        except TimeLimitExceeded as error:
            self._end_overdue(claims, error)

    def _claim(self, job: Job) -> list[Claim]:
        lease = self.settings.lease_seconds
        if len(job.file_ids) > 1:
            return self.files.claim_fresh(job.file_ids, self.owner, lease)
        claim = self.files.claim(job.file_ids[0], self.owner, lease)
        return [claim] if claim else []

    def _process_all(self, claims: Sequence[Claim]) -> None:
        """Bring every file to its end; of several with the same content, the later ones find the first's results."""
        files = self._run({claim: partial(self._identify, claim) for claim in claims})
        files.sort(key=lambda file: claims.index(file.claim))
        while files:
            unique: dict[Content, Identified] = {}
            for file in files:
                unique.setdefault(file.content, file)
            self._segment_all(list(unique.values()))
            files = [file for file in files if file is not unique[file.content]]

    def _segment_all(self, files: Sequence[Identified], *, may_have_moved: bool = True) -> None:
        """Bring files, no two of the same content, to their end."""
        contents = [file.content.sha256 for file in files]
        originals = self.retry(self.files.find_originals, contents, self.model_id)
        moved = self.retry(self.files.find_moved, contents) if may_have_moved else set()
        steps: dict[Claim, Step] = {}
        for file in files:
            if file.content.key in moved and file.claim.sha256 != file.content.sha256:
                steps[file.claim] = partial(Moved, file.claim, file.content)
            else:
                steps[file.claim] = partial(self._segment, file, self._original(file, originals))
        # the original was taken back at this moment, or only some files of a field have moved
        for file in self._run(steps):
            self._segment_all([file], may_have_moved=False)

    def _original(self, file: Identified, originals: Mapping[tuple[str, str], int]) -> int | None:
        """The file whose results count for this one too; fields of plates share none."""
        return None if file.claim.field_key else originals.get(file.content.key)

    def _run(self, steps: Mapping[Claim, Step]) -> list[Identified]:
        """Do a step of several files at the same time, and commit what becomes of them as soon as it is known.

        A file that needs more memory than there is beside the others is tried again, alone.

        Returns:
            Files that have not come to their end.
        """
        unfinished: list[Unfinished] = []
        tasks = [partial(self._attempt, claim, step) for claim, step in steps.items()]
        with run_concurrently(tasks) as batches:
            for outcomes in batches:
                committed = self._writer.commit(outcomes)
                unfinished += [one for one in committed if isinstance(one, Unfinished)]
        identified = [outcome for outcome in unfinished if isinstance(outcome, Identified)]
        for starved in (outcome.claim for outcome in unfinished if isinstance(outcome, OutOfMemory)):
            if len(steps) == 1:
                self._writer.commit(
                    [Failed(starved, describe_failure(MemoryError(), self.settings.soft_time_limit))]
                )
            else:
                identified += self._run({starved: steps[starved]})
        return identified

    def _attempt(self, claim: Claim, step: Step) -> StepResult:
        """Return what becomes of a file. Raises nothing, unless the database is away, or time is up."""
        with about_file(claim.file_id):
            try:
                return step()
            except NO_DATABASE:
                raise
            except Exception as error:
                return self._writer.outcome_of(claim, self.inbox.find_cause(error))

    def _identify(self, claim: Claim) -> Identified | Unchanged | Copied:
        """Find out what a file holds."""
        content = self.retry(self._read_content, claim)
        if claim.suspected and content.sha256 == claim.sha256:
            return Unchanged(claim)
        original = self.retry(find_copied, claim, content.sha256, self.inbox, self.files.copies)
        return Copied(claim, original) if original else Identified(claim, content)

    def _read_content(self, claim: Claim) -> Content:
        with self.inbox.open_unchanged(claim) as paths:
            hashes = [naming(path, hash_content) for path in paths]
        if claim.field_key is None:
            return Content(hashes[0], self._rules.options_for(claim.path))
        options = self._rules.field_options([file.path for file in claim.files])
        companions = {file.file_id: sha256 for file, sha256 in zip(claim.files, hashes, strict=True)}
        del companions[claim.file_id]
        return Content(field_content(claim, hashes), options, companions)

    def _segment(self, file: Identified, original: int | None) -> Released | Duplicate | Done:
        """Find the nuclei of a file, unless it is a copy of one that is done, or the worker is about to end."""
        claim, content = file.claim, file.content
        if self._draining:
            return Released(
                claim, f"{claim.path} was not begun with; it goes back, as this worker is told to end"
            )
        if original is not None:
            return Duplicate(claim, content, original)
        overlays = OverlayWriter(self.settings.overlay_dir, claim.path)
        try:
            images = self.retry(self._find_nuclei, file, overlays)
        except BaseException:
            overlays.discard()
            raise
        results = FileResults(
            claim, content.sha256, self.model_id, images, content.image_options, content.companions
        )
        return Done(claim, results, overlays)

    def _find_nuclei(self, file: Identified, overlays: OverlayWriter) -> list[ImageResult]:
        claim = file.claim
        expected = self._rules.channels_of(claim.path)
        with self.inbox.open_unchanged(claim) as paths:
            found = self._process(file, paths, overlays)
            images = [located(claim, image, expected) for image in found]  # reads it
            self._ome_sets.note(claim, paths[0])
        return images

    def _process(
        self, file: Identified, paths: Sequence[Path], overlays: OverlayWriter
    ) -> Iterator[ImageResult]:
        """Run the pipeline over a file; it ends as soon as the lease is lost."""
        claim, progress = file.claim, Progress(file.claim.path)

        def on_image(plane: Plane, labels: LabelImage, _result: ImageResult) -> None:
            self.heartbeat.ensure_held(claim)
            overlays.add(plane, labels)

        def on_block(done: int, blocks: int) -> None:
            self.heartbeat.ensure_held(claim)
            progress(done, blocks)

        return process(
            paths[0],
            self.segmenter,
            file.content.image_options,
            field=field_of(claim, paths),
            memory=self.memory,
            max_pixels=self.settings.max_pixels,
            with_overviews=self.settings.overviews,
            on_image=on_image,
            on_block=on_block,
        )

    def _end_overdue(self, claims: Sequence[Claim], error: TimeLimitExceeded) -> None:
        """Fail the file whose time is up; of a chunk nobody knows which one it is."""
        if len(claims) == 1:
            cause = self.inbox.find_cause(error)
            self._writer.commit([self._writer.outcome_of(claims[0], cause)])
            return
        log.warning("Files %s took too long together: each will be tried alone.", [c.file_id for c in claims])
        self.retry(self.files.end_leases, [self.owner])
        raise ChunkTimedOut from None
