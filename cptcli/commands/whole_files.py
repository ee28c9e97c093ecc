"""Several files written whole or not at all: the old ones are restored when one cannot be written."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from ..errors import CptError
from ..whole_file import beside


class NotWritten(CptError):
    """Files that could not be written; the folder is as it was."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} could not be written: {why}. Nothing was changed.", file=str(path))


class _Prepared(Struct, frozen=True):
    """A file about to change, its new content and a copy of the old one next to it; None where there is none."""

    path: Path
    new: Path | None
    old: Path | None


def write_all(folder: Path, changed: Mapping[str, bytes | None], seen: Mapping[str, bytes]) -> None:
    """Write the files of a folder in this order and create their folders; None deletes a file.

    `seen` is the content the change is based on. Raises NotWritten, also where a file has changed since.
    """
    created: list[Path] = []
    prepared: list[_Prepared] = []
    path = folder
    try:
        with _cleaned(prepared):
            for name, content in changed.items():
                path = (folder / name).resolve()  # a link stays a link to the file it names
                _make_folder(path.parent, created)
                prepared.append(_prepare(path, content, seen.get(name)))
            _replace(prepared)
    except OSError as error:
        for each in reversed(created):
            with contextlib.suppress(OSError):
                each.rmdir()
        raise NotWritten(path, error.strerror or str(error)) from None
    for name, content in changed.items():
        if content is None:
            with contextlib.suppress(OSError):
                (folder / name).parent.rmdir()  # works only when it is empty


def _make_folder(folder: Path, created: list[Path]) -> None:
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            each.mkdir()
            created.append(each)


def _prepare(path: Path, content: bytes | None, seen: bytes | None) -> _Prepared:
    """Return the new content and a copy of the old one, both on disk next to the file before anything changes."""
    before = path.read_bytes() if path.exists() else None
    if before != seen:
        raise NotWritten(path, "it was changed in the meantime; run the command again")
    old = None if before is None else beside(path, before)
    try:
        return _Prepared(path, None if content is None else beside(path, content), old)
    except OSError:
        if old:
            old.unlink()
        raise


def _replace(prepared: list[_Prepared]) -> None:
    """Replace every file; where one fails, restore those replaced before it."""
    done: list[_Prepared] = []
    try:
        for each in prepared:
            if each.new:
                each.new.replace(each.path)
            else:
                each.path.unlink()
            done.append(each)
    except BaseException:
        for each in reversed(done):
            if each.old:
                each.old.replace(each.path)
            else:
                each.path.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _cleaned(prepared: list[_Prepared]) -> Iterator[None]:
    """Delete the temporary files, whatever happens."""
    try:
        yield
    finally:
        for each in prepared:
            for path in filter(None, (each.new, each.old)):
                path.unlink(missing_ok=True)
