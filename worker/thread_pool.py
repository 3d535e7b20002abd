"""Thread pool for a chunk of files: overlaps I/O, inference and measurement."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

THREADS = 6
"""Files that are processed at the same time. Two threads a core keep the cores busy; beyond that, only batches grow."""

COMMIT_DELAY = 0.5
"""Seconds that the first result waits for others: a commit costs as much for many as for one."""

Result = TypeVar("Result")


def run_concurrently(
    tasks: Sequence[Callable[[], Result]],
    take: Callable[[list[Result]], object],
    threads: int = THREADS,
    commit_delay: float = COMMIT_DELAY,
) -> None:
    """Run every task in a thread, so many at a time, and a single one in this thread.

    Args:
        tasks: what to run.
        take: called in this thread with what tasks that ended lately have returned, again and again.
        threads: how many tasks run at the same time.
        commit_delay: seconds that the first result waits for others, while there are tasks that haven't ended.

    Raises:
        Exception: what a task, or `take`, has raised; what had begun by then has ended, and nothing else begins.
        BaseException: what interrupted the waiting. Nobody can stop the threads then: end the process.
    """
    if len(tasks) == 1:
        take([tasks[0]()])
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="file")
    try:
        _take_all({pool.submit(task) for task in tasks}, take, commit_delay)
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _take_all(
    pending: set[Future[Result]], take: Callable[[list[Result]], object], commit_delay: float
) -> None:
    while pending:
        wait(pending, return_when=FIRST_COMPLETED)
        ended, pending = wait(pending, commit_delay)
        take([future.result() for future in ended])
