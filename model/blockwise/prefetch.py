"""Prefetching: the next item is made while the last one is in use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Prefetch an iterator by one: a thread makes the next item while the caller works on this one.

    Whoever leaves early waits for the item that is being made.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        upcoming = thread.submit(next, items, _END)
        while (item := upcoming.result()) is not _END:
            upcoming = thread.submit(next, items, _END)
            yield item  # type: ignore[misc]
