"""Sandboxed access to the watched folder: where a claimed file lies, and whether it has changed."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path, PosixPath
from typing import IO, Any, TypeVar

from model.hashing import hash_file
from model.reading.linkless_folder import link_refusal
from nuqleus.database.files.records import Claim, Companion
from nuqleus.errors import InboxAway, UnsafePath
from nuqleus.file_stat import FileStat
from nuqleus.folder_stat import files_of, stat_folder
from nuqleus.mount_check import MountCheck, inbox_away, is_empty
from nuqleus.paths import escape_path, safe_join
from nuqleus.settings import Settings

Problem = TypeVar("Problem", bound=BaseException)
Result = TypeVar("Result")


class FileChanged(Exception):  # noqa: N818 - not an error: the new content will be processed
    """The file is no longer the one that was claimed."""


class InboxReader:
    """The watched folder, as a worker reads it.

    Args:
        settings: where it is, and whether links may lead out of it.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.input_dir
        self._links_may_leave = settings.outside_links
        self._mount = MountCheck(settings.input_dir)
        self._was_empty = False

    def ensure_there(self) -> None:
        """Make sure that the folder is there.

        Raises:
            InboxAway: it is away, or still as empty as when a file that should lie in it was not found.
        """
        self._mount.ensure_mounted()
        try:
            self._was_empty = self._was_empty and is_empty(self._folder)
        except OSError as error:
            raise inbox_away(self._folder, error) from error
        if self._was_empty:
            raise InboxAway(
                f"nothing lies in the watched folder {escape_path(self._folder)}: is its drive mounted?"
            )

    def find_cause(self, error: Problem) -> Problem | InboxAway:
        """What an error of a file comes from: the whole folder that is away, or, mostly, the error itself.

        A folder in which nothing lies, not even the file that the scheduler saw in it, is away for this worker.
        """
        if isinstance(error, FileNotFoundError):
            self._was_empty = True
        try:
            self.ensure_there()
        except InboxAway as away:
            return away
        return error

    @contextmanager
    def open_unchanged(self, claim: Claim) -> Iterator[list[Path]]:
        """Locate all files of a claim, and make sure that none changes in the block; in the order of `claim.files`.

        Raises:
            FileChanged: one is another than the one that the scheduler saw; see `ensure_unchanged`.
            OSError: as `locate`; FileNotFoundError if one is gone.
        """
        with ExitStack() as unchanged:
            paths = []
            for file in claim.files:
                paths.append(self.locate(file))
                unchanged.enter_context(ensure_unchanged(paths[-1], file))
            yield paths

    def locate(self, claim: Claim | Companion) -> Path:
        """Return where a claimed file lies; opening it can't lead out of the folder.

        Raises:
            InboxAway: the whole folder is away, so that nothing can be said about the file.
            UnsafePath: the path is a folder that lies elsewhere.
        """
        self._mount.ensure_mounted()
        path = Path(safe_join(self._folder, claim.path))
        if self._links_may_leave:
            return path
        sandboxed = SandboxedPath(path).within(self._folder)
        if sandboxed.is_dir():  # an image that is a folder, whose readers open it by its path
            sandboxed.ensure_inside()
        return sandboxed


class SandboxedPath(PosixPath):
    """A path whose `open` checks, in the act of opening, that it opens a file of its folder.

    The scheduler has looked at links already, but what a name stands for can be exchanged at any moment.
    """

    def within(self, folder: Path) -> "SandboxedPath":
        """Set the folder that the file must lie in."""
        self._folder = folder
        return self

    def __truediv__(self, name: str | os.PathLike[str]) -> "SandboxedPath":
        """Return the path of what lies in this folder, in the same sandbox."""
        return SandboxedPath(super().__truediv__(name)).within(self._folder)

    def ensure_inside(self) -> tuple[str, str]:
        """Follow links; return the sandbox's folder, with `/` at its end, and the path relative to it.

        Raises:
            UnsafePath: the path leads out of it.
        """
        folder, target = (os.path.realpath(path) for path in (self._folder, self))
        base = f"{folder}/".replace("//", "/")
        if not target.startswith(base):
            raise UnsafePath(f"The path is a link that leads out of the watched folder: {escape_path(self)}")
        return base, target[len(base) :]

    def open(self, mode: str = "rb", **options: Any) -> IO[Any]:  # type: ignore[override]
        """Open the file, as `Path.open` does.

        Raises:
            UnsafePath: it lies elsewhere, or is no file.
        """
        return open(self, mode, **options, opener=self._open)

    def _open(self, _path: str, _flags: int) -> int:
        """Follow links first; then open folder by folder, and refuse what has become a link since."""
        folder, inside = self.ensure_inside()
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in inside.split("/"):
            at = _open_in(at, part)
        if not stat.S_ISREG(os.fstat(at).st_mode):
            os.close(at)
            raise UnsafePath(f"The path is no file, but a folder, a pipe or a device: {escape_path(self)}")
        return at


def _open_in(folder: int, name: str) -> int:
    """Open a file or folder that is no link, without waiting for a pipe's other end; closes `folder`."""
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


@contextmanager
def ensure_unchanged(path: Path, claim: Claim | Companion) -> Iterator[None]:
    """Compare a file with what the scheduler saw, and with itself, after a block that read it.

    A change explains whatever else went wrong in the block. Inode and ctime are compared only with what this machine
    saw before the block: a share may have other ones for each machine that mounts it.

    Raises:
        FileChanged: they differ.
        OSError: the file can't be looked at; FileNotFoundError if it is gone.
    """
    before = _stat(path)
    try:
        yield
    finally:
        now = _stat(path)
        if now[:2] != (claim.size, claim.mtime_ns):
            raise FileChanged(f"{claim.path} changed: {claim.size} bytes when queued, {now.size} now")
        if now != before:
            raise FileChanged(f"{claim.path} was replaced while it was read")


def naming(path: Path, read: Callable[[Path], Result]) -> Result:
    """Read a file; an error that doesn't say of which file it is, as those of failing drives, says so then.

    Raises:
        OSError: it can't be read.
    """
    try:
        return read(path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def hash_content(path: Path) -> str:
    """Return the SHA-256 of a file; of an image that is a folder, of its files' names and SHA-256s.

    Raises:
        OSError: it can't be read.
        UnsafePath: the file is a link that leads out of the watched folder.
        ImageError: `unsupported-format`: there is a link in the folder.
    """
    if not path.is_dir():
        return hash_file(path)
    digest = sha256()
    for name in files_of(path):
        if (path / name).is_symlink():  # no setting allows it: readers of such folders follow none
            raise link_refusal(path, name)
        digest.update(f"{name}\0{hash_file(path / name)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _stat(path: Path) -> FileStat:
    """The stamp, as the scheduler takes it."""
    return stat_folder(path) if path.is_dir() else FileStat.of(path.stat())
