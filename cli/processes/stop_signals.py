"""Stop signals: Ctrl-C, `kill`, a closed terminal."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class StopSignals:
    """Signals that ask us to stop raise KeyboardInterrupt, wherever we are; but see `deferring`.

    Attributes:
        received: whether there was one.
        deferring: set it while somebody looks at `received`: the first signal is then noted, nothing more.
    """

    def __init__(self) -> None:
        self.received = self.deferring = False
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
        is_first, self.received = not self.received, True
        if not (is_first and self.deferring):
            raise KeyboardInterrupt
