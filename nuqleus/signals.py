"""Being told to stop: Ctrl-C, `kill`, a closed terminal."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class StopSignals:
    """Notes the first signal that asks us to stop; the second raises KeyboardInterrupt, wherever we are.

    Attributes:
        received: whether there was one.
    """

    def __init__(self) -> None:
        self.received = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Listen from here on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            if number is signal.SIGHUP and before is signal.SIG_IGN:  # started with nohup
                continue
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the signals do what they did before."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's signature
        if self.received:
            raise KeyboardInterrupt
        self.received = True
