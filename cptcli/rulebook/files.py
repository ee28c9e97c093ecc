"""The files of a rule folder, read once and hashed. Knows no YAML, so that a start with a warm cache stays cheap."""

import os
from pathlib import Path

from msgspec import Struct

LARGEST = 2_000_000  # bytes; ten times the largest shipped file
_DEEPEST = 8  # folders below folders
_IGNORED = {"README.md"}


class Unreadable(Struct, frozen=True):
    """A file that could not be read, and why."""

    file: str
    why: str
    todo: str


class Files:
    """What one rule folder holds: its files by relative path, and the hash of them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents: dict[str, bytes] = {}
        self.unreadable: list[Unreadable] = []
        self._walk(str(folder), "")
        import hashlib  # OpenSSL: a quarter of a start, which a built wheel does without

        digest = hashlib.sha256()
        for name, content in sorted(self.contents.items()):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        self.sha256 = digest.hexdigest()

    def _walk(self, folder: str, prefix: str, above: frozenset[tuple[int, int]] = frozenset()) -> None:
        try:
            at = os.stat(folder)  # noqa: PTH116 - as below
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._skip(prefix or ".", error.strerror or "no reason given")
            return
        here = (at.st_dev, at.st_ino)
        if here in above or len(above) >= _DEEPEST:
            self._skip(prefix, "it leads back to a folder above" if here in above else "nested too deeply")
            return
        for entry in found:
            name = prefix + entry.name
            if entry.name.startswith(".") or name in _IGNORED:
                continue
            try:
                if entry.is_dir():
                    self._walk(entry.path, f"{name}/", above | {here})
                elif not entry.is_file():
                    self._skip(name, "not a regular file")
                elif (size := entry.stat().st_size) > LARGEST:
                    self._skip(name, f"{size:,} bytes, where a rule file has at most {LARGEST:,}", "split the file")
                else:
                    with open(entry.path, "rb") as file:  # noqa: PTH123 - Path objects double the cost of a start
                        self.contents[_shown(name)] = file.read()
            except OSError as error:
                self._skip(name, error.strerror or "no reason given")

    def _skip(self, name: str, why: str, todo: str = "mend it, or move it away") -> None:
        self.unreadable.append(Unreadable(_shown(name), why, todo))


def _shown(name: str) -> str:
    """A file name as text, also where its bytes are none."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
