"""A cache of compiled data for the next start, keyed by content. Losing it costs only time.

Each entry carries its own hash; a damaged or shortened one is ignored.
"""

import contextlib
import os
import stat
from pathlib import Path

_KEPT = 8  # entries of each kind: enough for a few clinic folders and versions


def code_hash(*files: Path) -> str:
    """Return the hash of the code that compiles: other code has its own entries."""
    import hashlib

    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def kept(name: str, kind: str) -> bytes | None:
    """Return the cached data under a name; None if there is none, or it is damaged."""
    import hashlib

    try:
        file = _file(name, kind)
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode):
            return None  # reading a pipe or a device would hang
        if hasattr(os, "getuid") and found.st_uid != os.getuid():
            return None  # a shared folder: another user could have written it, with a valid hash
        content = file.read_bytes()
        os.utime(file)  # keeps the entries in use
    except (OSError, RuntimeError):
        return None
    digest, encoded = content[:32], content[32:]
    return encoded if hashlib.sha256(encoded).digest() == digest else None


def keep(name: str, kind: str, encoded: bytes) -> None:
    """Write an entry, whole or not at all; if the folder cannot be written, the next start is slower."""
    with contextlib.suppress(OSError, RuntimeError):
        folder = _folder()
        import hashlib
        import tempfile

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".new")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(encoded).digest() + encoded)
            Path(temporary).replace(_file(name, kind))
        finally:
            Path(temporary).unlink(missing_ok=True)
        newest_first = sorted(folder.glob(f"*.{kind}"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in newest_first[_KEPT:]:
            old.unlink(missing_ok=True)


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "cpt"


def _file(name: str, kind: str) -> Path:
    import hashlib

    return _folder() / f"{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()}.{kind}"
