"""Background statistics: those of wells and of groups of images, made by whoever looks after the folder."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Engine

Subject = TypeVar("Subject")
"""What statistics are of: a well, a group."""


@dataclass
class BackgroundStatistics(ABC, Generic[Subject]):
    """Statistics of the parts of a database.

    Attributes:
        engine: the database.
        clock: seconds since 1970.
    """

    engine: Engine
    clock: Callable[[], float] = time.time

    @abstractmethod
    def outdated(self) -> list[Subject]:
        """The parts that have other images than those that their statistics are of.

        Raises:
            DatabaseUnavailable: if the database can't be reached.
        """

    @abstractmethod
    def refresh(self, part: Subject, /) -> None:
        """Make the statistics of a part anew.

        Raises:
            DatabaseUnavailable: if the database can't be reached; the part is still out of date.
        """

    def refresh_all(self) -> None:
        """Make all anew that are out of date.

        Raises:
            DatabaseUnavailable: if the database can't be reached; what was made stays.
        """
        for part in self.outdated():
            self.refresh(part)
