"""The files of a rule folder, read once and hashed. Imports no YAML, so a start with a warm cache stays fast."""

import os
from itertools import islice
from pathlib import Path

from msgspec import Struct

from ..errors import CptError

LARGEST = 2_000_000  # bytes of a file; ten times the largest shipped YAML file
_DEEPEST = 8  # levels of folders
_MOST = 12 * 1000  # files and folders; the shipped rules have 300
_MOST_BYTES = 50_000_000  # bytes of all files together; the shipped rules have 4 MB
_READ = (".yaml", ".csv")  # other files are refused by name, without reading them
_IGNORED = {"README.md"}


class Unreadable(Struct, frozen=True):
    """A file that could not be read, with the reason and what to do."""

    file: str
    why: str
    todo: str


class FolderTooLarge(CptError):
    """A folder far too large for rules, such as /proc or a whole disk."""

    def __init__(self, folder: str, what: str) -> None:
        super().__init__(
            f"{folder} has more than {what}. A rule folder has a few hundred files: name the one with your rules.",
            folder=folder,
        )


class Files:
    """The files of one rule folder by relative path, and the hash of them all.

    Raises FolderTooLarge. Whatever else cannot be read is listed in `unreadable`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents: dict[str, bytes] = {}
        self.unreadable: list[Unreadable] = []
        self._count = self._bytes = 0
        self._walked: dict[tuple[int, int], str] = {}
        self._walk(str(folder), "")
        import hashlib  # loads OpenSSL, a twentieth of a start; an installed wheel does not need it

        digest = hashlib.sha256()
        for name, content in sorted(self.contents.items()):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        self.sha256 = digest.hexdigest()

    def _walk(self, folder: str, prefix: str, above: frozenset[tuple[int, int]] = frozenset()) -> None:
        try:
            at = os.stat(folder)  # noqa: PTH116 - as below
            here = (at.st_dev, at.st_ino)
            if here in above or len(above) >= _DEEPEST:
                self._skip(prefix, "it leads back to a folder above" if here in above else "nested too deeply")
                return
            if here in self._walked:
                self._skip(prefix, f"it leads to {self._walked[here] or 'the folder itself'}, which is read already")
                return
            self._walked[here] = prefix
            with os.scandir(folder) as entries:
                found = sorted(islice(entries, _MOST + 1), key=lambda entry: entry.name)
        except OSError as error:
            self._skip(prefix or ".", error.strerror or "no reason given")
            return
        self._count += len(found)
        if self._count > _MOST:
            raise FolderTooLarge(str(self.folder), f"{_MOST:,} files and folders")
        for entry in found:
            name = prefix + entry.name
            if entry.name.startswith(".") or name in _IGNORED:
                continue
            try:
                if entry.is_dir():
                    self._walk(entry.path, f"{name}/", above | {here})
                elif not entry.is_file():
                    self._skip(name, "not a regular file")
                elif not name.endswith(_READ):
                    self.contents[_shown(name)] = b""
                elif (size := entry.stat().st_size) > LARGEST:
                    self._skip(name, f"{size:,} bytes, where a rule file has at most {LARGEST:,}", "split the file")
                else:
                    self.contents[_shown(name)] = self._read(entry.path, size)
            except OSError as error:
                self._skip(name, error.strerror or "no reason given")

    def _read(self, path: str, size: int) -> bytes:
        self._bytes += size
        if self._bytes > _MOST_BYTES:
            raise FolderTooLarge(str(self.folder), f"{_MOST_BYTES:,} bytes of rules")
        with open(path, "rb") as file:  # noqa: PTH123 - Path objects double the cost of a start
            return file.read(size)  # no more than its size: some files never end

    def _skip(self, name: str, why: str, todo: str = "fix it, or move it away") -> None:
        self.unreadable.append(Unreadable(_shown(name), why, todo))


def _shown(name: str) -> str:
    """Return a file name as text, also if its bytes are not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
