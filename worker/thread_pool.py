"""Thread pool for a chunk of files: overlaps I/O, inference and measurement."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

THREADS = 6
"""Files that are processed at the same time. Two threads a core keep the cores busy; beyond that, only batches grow."""

COMMIT_DELAY = 0.5
"""Seconds that the first result waits for others: a commit costs as much for many as for one."""

Result = TypeVar("Result")


@contextmanager
def run_concurrently(
    tasks: Sequence[Callable[[], Result]], threads: int = THREADS, commit_delay: float = COMMIT_DELAY
) -> Iterator[Iterator[list[Result]]]:
    """Run every task in a thread, this many at a time, and a single one in this thread.

    On an error, in a task or in the block, what had begun ends first, and nothing else begins. Nobody can stop the
    threads if something other than an `Exception` interrupts the waiting: end the process then.

    Args:
        tasks: what to run.
        threads: how many tasks run at the same time.
        commit_delay: seconds that the first result waits for others, while there are tasks that haven't ended.

    Yields:
        What tasks that ended lately have returned, again and again; raises what a task has raised.
    """
    if len(tasks) == 1:
        yield ([task()] for task in tasks)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="file")
    try:
        yield _batches({pool.submit(task) for task in tasks}, commit_delay)
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batches(pending: set[Future[Result]], commit_delay: float) -> Iterator[list[Result]]:
    while pending:
        wait(pending, return_when=FIRST_COMPLETED)
        ended, pending = wait(pending, commit_delay)
        yield [future.result() for future in ended]
