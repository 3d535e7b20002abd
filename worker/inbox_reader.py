"""Sandboxed access to the watched folder: where a claimed file lies, and whether it has changed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from model.hashing import hash_file
from model.reading.linkless_folder import link_refusal
from model.reading.unsupported_formats import preview_refusal
from nuqleus.database.files.records import Claim, Companion
from nuqleus.errors import InboxAway
from nuqleus.file_stat import FileStat
from nuqleus.folder_stat import files_of, stat_folder
from nuqleus.mount_check import MountCheck, inbox_away, is_empty
from nuqleus.paths import escape_path, safe_join
from nuqleus.sandboxed_path import SandboxedPath
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
        ImageError: `unsupported-format`: there is a link in the folder, or the file is but the preview of an image,
            which copies of other images' content must not pass for.
    """
    if refused := preview_refusal(path):
        raise refused
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
