"""Request batcher: concurrent inference requests in batches (flat combining: Hendler et al., SPAA 2010).

Threads that want the same thing at the same time, the network's maps of a tile say, queue up; whichever gets a slot
runs a batch for all that wait. Nobody waits for others to come, and a thread alone does its own work.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

Request = TypeVar("Request")
Response = TypeVar("Response")


class RequestBatcher(Generic[Request, Response]):
    """Batcher of requests of threads that have one each.

    Args:
        run_batch: takes requests, returns a response to each. What it raises, every caller of the batch gets.
        max_batch: requests in a batch.
        concurrency: batches that may be running at the same time.
    """

    def __init__(
        self,
        run_batch: Callable[[Sequence[Request]], Sequence[Response]],
        max_batch: int,
        concurrency: int = 1,
    ) -> None:
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._pending: deque[tuple[Request, Future[Response]]] = deque()
        self._taking = Lock()
        self._slots = BoundedSemaphore(concurrency)

    def __call__(self, request: Request) -> Response:
        """Return the response to a request, run in one batch with those of other threads, or alone."""
        future: Future[Response] = Future()
        self._pending.append((request, future))
        with self._slots:
            while not future.done() and (batch := self._take_batch()):
                self._respond(batch)
        return future.result()

    def _take_batch(self) -> list[tuple[Request, Future[Response]]]:
        """Take those who have waited longest; nobody if another slot has one's own request."""
        with self._taking:
            return [self._pending.popleft() for _ in range(min(self._max_batch, len(self._pending)))]

    def _respond(self, batch: Sequence[tuple[Request, Future[Response]]]) -> None:
        try:
            responses = self._run_batch([request for request, _ in batch])
        except BaseException as error:
            for _, future in batch:
                future.set_exception(error)
            if not isinstance(error, Exception):  # the thread that was interrupted must notice
                raise
        else:
            for (_, future), response in zip(batch, responses, strict=True):
                future.set_result(response)
