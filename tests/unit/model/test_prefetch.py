"""The next item is made while the last one is in use."""

from threading import Event

import pytest

from model.blockwise.prefetch import prefetch

PATIENCE = 120.0


def test_everything_comes_in_order():
    assert list(prefetch(iter(range(5)))) == [0, 1, 2, 3, 4]


def test_the_next_item_is_made_while_this_one_is_in_use():
    made = Event()

    def items():
        yield 1
        made.set()
        yield 2

    ahead = prefetch(items())
    assert next(ahead) == 1
    assert made.wait(PATIENCE)


def test_no_more_than_one_is_made_ahead():
    made = []
    ahead = prefetch(made.append(i) or i for i in range(5))
    next(ahead)
    ahead.close()
    assert made == [0, 1]


def test_an_error_comes_where_its_item_would_have():
    def items():
        yield 1
        raise ZeroDivisionError

    ahead = prefetch(items())
    assert next(ahead) == 1
    with pytest.raises(ZeroDivisionError):
        next(ahead)
