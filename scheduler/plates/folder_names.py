"""Names of the images in a folder: whether enough of them follow a convention, and what is said where they don't.

One file may happen to be called like a field's; nine in ten are no accident, nor are two beside a single other file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from nuqleus.copy_names import original_of
from nuqleus.fields import FieldFile
from nuqleus.paths import escape_path
from scheduler.accessories import IMAGE_ENDINGS
from scheduler.plates.conventions import parse_path

MIN_SHARE = 0.9
"""Of the image files of a folder that must be called as a convention has it."""

FEW_STRAYS = 1
"""So many others are none too many, however small the folder is, where more than these follow the convention."""


@dataclass
class NamedAlike:
    """Files of a folder that are called as those of one plate are.

    Attributes:
        first: one of them.
        path: of that one.
        count: how many they are.
    """

    first: FieldFile
    path: str
    count: int = 0

    @property
    def plate(self) -> str:
        """The plate's name."""
        return self.first.place.plate


@dataclass
class FolderNames:
    """Names of a folder's image files.

    Attributes:
        folder: relative to the watched folder.
        plates: those that follow conventions, by the plate's name and the convention.
        strays: files that follow none.
        copies: files that are called copies of others in the folder, or that would follow a convention otherwise.
    """

    folder: str
    plates: dict[tuple[str, str], NamedAlike] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        folder: str,
        paths: Iterable[str],
        is_image: Callable[[str], bool],
        is_decided: Callable[[str], bool] = lambda _path: False,
    ) -> "FolderNames":
        """Read the names of all files in a folder.

        `is_image` says of one that ends as images do whether it counts, `is_decided` whether a rule says what it is.
        """
        names, there = cls(folder), set(paths)
        for path in sorted(there):
            if is_copy(path, there):
                names.copies += [path] if _ends_as_image(path) and is_image(path) else []
            elif is_decided(path):
                continue
            elif (file := parse_path(path)) is not None:
                key = (file.place.plate, file.convention)
                names.plates.setdefault(key, NamedAlike(file, path)).count += 1
            elif _ends_as_image(path) and is_image(path):
                names.strays.append(path)
        return names

    def follows(self, file: FieldFile) -> bool:
        """Say whether the folder is one of a plate, as the name of a file in it has it."""
        others = len(self._others(self.plates[file.place.plate, file.convention]))
        fitting = self._total() - others
        return fitting >= MIN_SHARE * self._total() or FEW_STRAYS == others < fitting

    def folder_warning(self, is_plate: Callable[[FieldFile], bool]) -> str | None:
        """Warning of files that look like a plate's, and are none; None if there are no such files.

        Args:
            is_plate: says of a file whether its folder was once taken for its plate's.
        """
        refused = [
            one for one in self.plates.values() if not is_plate(one.first) and not self.follows(one.first)
        ]
        count = sum(one.count for one in refused)
        if count <= FEW_STRAYS:  # a single file is the same image, on its own or as a field
            return None
        (first, *others) = refused
        named = f"{first.count:,} of {self._total():,} image files are named as {_describe(first)}"
        named += "".join(f", {one.count:,} as {_describe(one)}" for one in others)
        folder = escape_path(self.folder)
        return (
            f"{folder or 'The watched folder'}: {named}: {self._reason()} Then `nuqleus retry --regroup "
            f"{folder or 'PATH'}` makes fields of those that were processed by that time."
        )

    def copies_warning(self) -> str | None:
        """Warning of copies of a plate's files; None if there are none."""
        if not self.copies:
            return None
        number = len(self.copies)
        called = "is called a copy of another" if number == 1 else "are called copies of others"
        return (
            f"{escape_path(self.folder) or 'The watched folder'}: {number:,} image file{'s' * (number > 1)} {called}, "
            f"for example {escape_path(self.copies[0])}. What holds the same as the other file is ignored; any other "
            "is an image of its own, beside the plate. Delete copies that aren't needed, and rename the others."
        )

    def _reason(self) -> str:
        alone = "so that each is an image of its own."
        if not self.strays:
            return f"that are two microscopes' plates of one name, {alone} Give each a folder of its own."
        return (
            f"too few to be a plate, {alone} {len(self.strays):,} have other names, for example "
            f"{escape_path(self.strays[0])}. Move what belongs to no plate elsewhere, or say by a rule with a pattern "
            "what the names mean (docs/plates.md)."
        )

    def _total(self) -> int:
        return sum(one.count for one in self.plates.values()) + len(self.strays)

    def _others(self, alike: NamedAlike) -> list[str]:
        """What is no part of a plate: strays, and files of the same plate's name by another convention."""
        rivals = [one for one in self.plates.values() if one is not alike and one.plate == alike.plate]
        return [*self.strays, *(one.path for one in rivals for _ in range(one.count))]


def _describe(alike: NamedAlike) -> str:
    return f"{alike.first.convention} does ({escape_path(alike.path)})"


def is_copy(path: str, there: Iterable[str]) -> bool:
    """Say whether a file is called a copy of one that is there, or of one that would be a part of a field."""
    original = original_of(path)
    return original is not None and (original in there or parse_path(original) is not None)


def _ends_as_image(path: str) -> bool:
    return path.lower().endswith(IMAGE_ENDINGS)
