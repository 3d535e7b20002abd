"""Files in company: each in a thread, so that one is read and another measured while the network looks at a third."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

THREADS = 6
"""Files at hand at the same time. Two threads a core keep the cores busy; beyond that, only batches grow."""

LINGER = 0.5
"""Seconds that the first result waits for others: a commit costs as much for many as for one."""

Result = TypeVar("Result")


def work_together(
    tasks: Sequence[Callable[[], Result]],
    take: Callable[[list[Result]], object],
    threads: int = THREADS,
    linger: float = LINGER,
) -> None:
    """Run every task in a thread, so many at a time, and a single one in this thread.

    Args:
        tasks: what to run.
        take: called in this thread with what tasks that ended lately have returned, again and again.
        threads: how many tasks run at the same time.
        linger: seconds that the first result waits for others, while there are tasks that haven't ended.

    Raises:
        Exception: what a task, or `take`, has raised; what had begun by then has ended, and nothing else begins.
        BaseException: what interrupted the waiting. Nobody can stop the threads then: end the process.
    """
    if len(tasks) == 1:
        take([tasks[0]()])
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="company")
    try:
        _take_all({pool.submit(task) for task in tasks}, take, linger)
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _take_all(pending: set[Future[Result]], take: Callable[[list[Result]], object], linger: float) -> None:
    while pending:
        wait(pending, return_when=FIRST_COMPLETED)
        ended, pending = wait(pending, linger)
        take([future.result() for future in ended])
