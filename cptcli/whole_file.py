"""Writes a file whole or not at all: first to a new file in the same folder, which then replaces the old one."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def beside(path: Path, content: bytes, new_mode: int | None = None) -> Path:
    """Return a new hidden file with this content in the folder of `path`, synced to disk, with the right mode.

    The mode is that of the file at `path`, else `new_mode`, else from the umask. Raises OSError and leaves no file.
    """
    handle, name = tempfile.mkstemp(prefix=".cpt-", suffix=".new", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            fresh.chmod(_mode(path, new_mode))  # before the content is written: a private file stays private
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:  # even on Ctrl-C
        fresh.unlink(missing_ok=True)
        raise
    return fresh


def _mode(path: Path, new_mode: int | None) -> int:
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    if new_mode is not None:
        return new_mode
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_whole(path: Path, content: bytes, new_mode: int | None = None) -> None:
    """Write the whole content or nothing. Raises OSError; then the old file is unchanged and no new file is left."""
    fresh = beside(path, content, new_mode)
    try:
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


class GrowingFile:
    """A file that is written bit by bit and takes its name only at the end: a new hidden file in the same folder.

    Leave the `with` before `finish`, and no new file is left and the old one is unchanged. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        handle, name = tempfile.mkstemp(prefix=".cpt-", suffix=".new", dir=path.parent)
        self._fresh = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._fresh.chmod(_mode(path, None))

    def write(self, content: bytes) -> None:
        """Write some more."""
        self._file.write(content)

    def finish(self) -> None:
        """Give the file its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._fresh.replace(self.path)

    def __enter__(self) -> "GrowingFile":
        return self

    def __exit__(self, *raised: object) -> None:
        with contextlib.suppress(OSError):  # a full disk: what was not written is dropped with the file
            self._file.close()
        self._fresh.unlink(missing_ok=True)
