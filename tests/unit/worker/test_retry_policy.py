"""What passes is waited for; what lasts is told at once."""

import pytest

from nuqleus.errors import DatabaseUnavailable, LeaseLost
from worker.retry_policy import BACKOFF_SECONDS, RetryPolicy, is_transient


class Flaky:
    """Fails a number of times, then works."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def __call__(self, answer: int) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return answer


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("away"), OSError(5, "I/O error"), TimeoutError("slow")]
)
def test_transient_errors_are_waited_for_with_growing_waits(clock, error):
    assert RetryPolicy(sleep=clock.sleep)(Flaky(3, error), 42) == 42
    assert clock.slept == [1, 2, 4]


def test_a_transient_error_that_does_not_pass_is_raised_in_the_end(clock):
    action = Flaky(100, DatabaseUnavailable("away"))

    with pytest.raises(DatabaseUnavailable):
        RetryPolicy(sleep=clock.sleep)(action, 42)

    assert action.calls == len(BACKOFF_SECONDS) + 1
    assert sum(clock.slept) > 60


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "gone"),
        PermissionError(13, "no"),
        LeaseLost("lost"),
        ValueError("bug"),
        MemoryError(),
    ],
)
def test_other_errors_are_raised_at_once(clock, error):
    assert not is_transient(error)
    with pytest.raises(type(error)):
        RetryPolicy(sleep=clock.sleep)(Flaky(1, error), 42)
    assert clock.slept == []


def test_one_trouble_is_told_once_however_often_it_is_tried_again(clock, caplog):
    with pytest.raises(DatabaseUnavailable):
        RetryPolicy(sleep=clock.sleep)(Flaky(100, DatabaseUnavailable("away")), 42)
    assert [record.getMessage() for record in caplog.records] == ["away. Trying again for up to 63 s."]
