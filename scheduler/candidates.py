"""Candidates: which names are images to process: everything but what is hidden, unfinished, or kept by other software.

Whether a file is an image is not judged here: what was dropped and can't be read should fail with a reason, not be
passed over in silence.
"""

UNFINISHED_ENDINGS = (
    # browsers and download managers
    *(".part", ".partial", ".crdownload", ".opdownload", ".download", ".aria2", ".!ut", ".!qb"),
    # copying and synchronising tools; rsync's `.name.XXXXXX` is hidden already
    *(".filepart", ".tmp", ".temp", ".uploading", ".inprogress", ".incomplete"),
    # editors and office programs
    *("~", ".swp", ".lock", ".lck"),
)
"""Ends of names that a file has only until it is complete."""

UNFINISHED_STARTS = (".", "~$", "~syncthing~")
"""The same for starts; the dot is that of hidden files."""

JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
"""What file browsers leave beside people's files."""

JUNK_FOLDERS = frozenset(
    {
        # Synology, QNAP, NetApp
        *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "~snapshot"),
        # Windows, Linux, archives from a Mac
        *("$recycle.bin", "recycler", "system volume information", "lost+found", "__macosx"),
    }
)
"""What storage devices and operating systems keep in every shared folder."""


def is_candidate(name: str) -> bool:
    """Say whether a file of this name is one to process."""
    folded = name.lower()
    unfinished = folded.startswith(UNFINISHED_STARTS) or folded.endswith(UNFINISHED_ENDINGS)
    return not unfinished and folded not in JUNK_FILES


def is_searched(name: str) -> bool:
    """Say whether a folder of this name may hold files to process."""
    return not name.startswith(".") and name.lower() not in JUNK_FOLDERS
