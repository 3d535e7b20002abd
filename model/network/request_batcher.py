"""Questions of several threads, answered together.

Threads that want the same thing at the same time (the network's opinion of a tile) queue up; whoever comes
first answers for those that wait. Nobody waits for company, and a thread alone does its own work. ("Flat combining",
Hendler et al., SPAA 2010.)
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Combiner(Generic[Question, Answer]):
    """Calls a function of many for each of several threads.

    Args:
        answer: takes questions, returns an answer to each. What it raises, all who asked get.
        most: questions that are answered together.
        lanes: threads that may be answering at the same time.
    """

    def __init__(
        self, answer: Callable[[Sequence[Question]], Sequence[Answer]], most: int, lanes: int = 1
    ) -> None:
        self._answer = answer
        self._most = most
        self._waiting: deque[tuple[Question, Future[Answer]]] = deque()
        self._picking = Lock()
        self._lanes = BoundedSemaphore(lanes)

    def __call__(self, question: Question) -> Answer:
        """Return the answer to a question, together with those of other threads or alone."""
        future: Future[Answer] = Future()
        self._waiting.append((question, future))
        with self._lanes:
            while not future.done() and (asked := self._pick()):
                self._answer_all(asked)
        return future.result()

    def _pick(self) -> list[tuple[Question, Future[Answer]]]:
        """Those who have waited longest; nobody if another lane has one's own question."""
        with self._picking:
            return [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]

    def _answer_all(self, asked: Sequence[tuple[Question, Future[Answer]]]) -> None:
        try:
            answers = self._answer([question for question, _ in asked])
        except BaseException as error:
            for _, future in asked:
                future.set_exception(error)
            if not isinstance(error, Exception):  # the thread that was interrupted must notice
                raise
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                future.set_result(answer)
