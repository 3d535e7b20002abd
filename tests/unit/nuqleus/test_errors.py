"""The tree in the docstring is the tree in the code."""

import inspect
import re

from nuqleus import errors


def test_every_error_is_drawn_below_its_parent():
    lines = re.findall(r"^    ([│ ├└─]*)(\w+)(?:  |$)", errors.__doc__, re.MULTILINE)
    drawn = [(len(branches) // 4, name) for branches, name in lines]
    parents = {}
    for position, (depth, name) in enumerate(drawn):
        above = [other for level, other in drawn[:position] if level == depth - 1]
        parents[name] = above[-1] if above else "Exception"

    defined = inspect.getmembers(errors, inspect.isclass)
    assert parents == {name: error.__base__.__name__ for name, error in defined}
