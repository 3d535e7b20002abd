"""Outcome writer: the one place where a worker commits, logs and counts what became of its files."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from nuqleus.database.files.records import Claim
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.logs import about_file
from nuqleus.settings import Settings
from worker.guess_log import GuessLog
from worker.heartbeat import Heartbeat
from worker.metrics import Metrics
from worker.outcomes import (
    Copied,
    Done,
    Duplicate,
    Failed,
    Identified,
    Lost,
    Moved,
    Outcome,
    OutOfMemory,
    Released,
    StepResult,
    Unchanged,
    outcome_of_error,
)
from worker.projection_log import ProjectionLog
from worker.retry_policy import NO_DATABASE, RetryPolicy
from worker.time_limit import TimeLimitExceeded

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OutcomeWriter:
    """Writes outcomes to the database, publishes the pictures of files that are done, and counts.

    Attributes:
        settings: how often, and for how long, a file may be tried.
        files: the files of the database.
        heartbeat: tells others how many files have ended.
        metrics: counts for Prometheus.
        retry: waits for a database that is away for a moment.
        guesses: warns of nuclear channels that were guessed.
        projections: tells that fields are projected.
    """

    settings: Settings
    files: WorkerFiles
    heartbeat: Heartbeat
    metrics: Metrics
    retry: RetryPolicy
    guesses: GuessLog = field(default_factory=GuessLog)
    projections: ProjectionLog = field(default_factory=ProjectionLog)

    def commit(self, outcomes: Sequence[StepResult]) -> list[StepResult]:
        """Write what became of some files; the results of those that are done in one transaction.

        Returns:
            What became of them in the end: a lease may have been lost, an original taken back, results refused.

        Raises:
            DatabaseUnavailable: nobody waited long enough for it; what wasn't written is left to the sweep.
            DatabaseDamaged: likewise.
        """
        done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
        others = [outcome for outcome in outcomes if not isinstance(outcome, Done)]
        committed = []
        for outcome in [*self._store(done), *others]:
            with about_file(outcome.claim.file_id):
                committed.append(self._commit(outcome))
            self._count(committed[-1])
        return committed

    def outcome_of(self, claim: Claim, error: Exception | TimeLimitExceeded) -> Outcome | OutOfMemory:
        """What becomes of a file, given what was raised while it was processed."""
        return outcome_of_error(claim, error, self.settings.max_attempts, self.settings.soft_time_limit)

    def _commit(self, outcome: StepResult) -> StepResult:
        held = True
        match outcome:
            case Done():  # stored by now, with others
                self._publish(outcome)
            case Duplicate() | Moved():
                return self._commit_known_content(outcome)
            case Unchanged(claim):
                log.info("%s: the content is the same as before, and so are the results", claim.path)
                held = self.retry(self.files.confirm, claim)
            case Copied(claim, original):
                held = self._ignore_copy(claim, original)
            case Failed(claim, reason):
                log.warning("%s: %s: %s", claim.path, reason.kind, reason.message)
                held = self.retry(self.files.fail, claim, reason.kind, reason.message)
            case Released(claim, why, count_attempt):
                log.info(why)
                held = self.retry(self.files.release, claim, count_attempt=count_attempt)
            case Lost(claim):
                log.warning("%s: the lease was lost; nothing was written", claim.path)
            case Identified(claim, content) if claim.sha256 not in (None, content.sha256):
                log.info("%s: the content is another one: its results are taken away", claim.path)
                held = self.retry(self.files.drop_results, claim)
            case Identified() | OutOfMemory():  # go on being processed
                pass
        return outcome if held else self._commit(Lost(outcome.claim))

    def _ignore_copy(self, claim: Claim, original: str) -> bool:
        log.info("%s: a copy of %s, which is part of a field: ignored", claim.path, original)
        return self.retry(self.files.copies.ignore, claim)

    def _publish(self, done: Done) -> None:
        """Show the pictures of a file whose results are stored, and say what was found."""
        path, images = done.claim.path, done.results.images
        done.overlays.publish()
        log.info("%s: %s", path, _summarise(images))
        for image in images:
            self.guesses.note(path, image)
        self.projections.note(done.claim, images)

    def _commit_known_content(self, outcome: Duplicate | Moved) -> StepResult:
        """Refer to results that are there; if they aren't any more, the file is still to be processed."""
        refer, told = self._reference(outcome)
        try:
            referred = self.retry(refer)
        except NO_DATABASE:
            raise
        except Exception as error:
            return self._commit(self.outcome_of(outcome.claim, error))
        if not referred:
            return Identified(outcome.claim, outcome.content)
        log.info("%s: %s", outcome.claim.path, told)
        return outcome

    def _reference(self, outcome: Duplicate | Moved) -> tuple[Callable[[], bool], str]:
        """Return what refers to the results that a file shares, and what it is then said to be."""
        claim, (sha256, options) = outcome.claim, (outcome.content.sha256, outcome.content.image_options)
        if isinstance(outcome, Moved):
            told = "moved here from a path that is gone, with its results"
            return partial(self.files.follow_move, claim, sha256, options), told
        mark = partial(self.files.mark_duplicate, claim, sha256, outcome.original, options)
        return mark, f"a duplicate of file {outcome.original}"

    def _store(self, done: Sequence[Done]) -> list[Outcome | OutOfMemory]:
        """Store results; those that can't be stored have another outcome. Pictures of what isn't stored go away."""
        began = perf_counter()
        try:
            errors = self.retry(self._complete_all, [outcome.results for outcome in done])
        except BaseException:
            _discard(done)
            raise
        seconds = perf_counter() - began
        refused = [(outcome, error) for outcome, error in zip(done, errors, strict=True) if error]
        stored = [outcome for outcome, error in zip(done, errors, strict=True) if not error]
        _discard([outcome for outcome, _ in refused])
        self.metrics.count_results([outcome.results for outcome in stored], seconds)
        return [*stored, *(self.outcome_of(outcome.claim, error) for outcome, error in refused)]

    def _complete_all(self, results: Sequence[FileResults]) -> Sequence[Exception | None]:
        """Store results in one transaction; where one file's are refused, each in its own. Returns the errors."""
        if not results:
            return []
        try:
            return self.files.complete_all(results)
        except NO_DATABASE:
            raise
        except Exception as error:
            if len(results) == 1:
                return [error]
        return [error for file in results for error in self._complete_all([file])]

    def _count(self, outcome: StepResult) -> None:
        if isinstance(outcome, Done | Duplicate | Failed):
            self.heartbeat.files_done += 1
        self.metrics.count(outcome)


def _discard(done: Sequence[Done]) -> None:
    for outcome in done:
        outcome.overlays.discard()


def _summarise(images: Sequence[ImageResult]) -> str:
    nuclei = sum(len(image.nuclei["label"]) for image in images)
    seconds = sum(sum(image.seconds.values()) for image in images)
    return f"{nuclei} nuclei in {len(images)} image{'s' * (len(images) != 1)}, {seconds:.2f} s"
