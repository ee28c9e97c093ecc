"""The file of --html: written whole or not at all, and never over a rule or a visit. Imported only for --html."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from ..errors import BadValue, CptError
from ..whole_file import write_whole

STDOUT = "-"  # instead of a file
_READ_BY_CPT = (".yaml", ".yml", ".json")  # rules and visits


def page_path(
    name: str, inputs: Sequence[str] = (), option: str = "--html", spared: Sequence[str] = _READ_BY_CPT
) -> Path:
    """Return the file to write the page to; a link is followed. `inputs` are names of files that the command reads.

    `option` is the one that names it; files that end with one of `spared` are not replaced.

    Raises BadValue for a folder, a device, a pipe, a read-only file, an input, or a folder that does not exist.
    """
    if not name.strip() or "\0" in name or name.startswith("-") or name.endswith(("/", os.sep)):
        raise BadValue(option, name, "a file name, or - for standard output")
    try:
        path = Path(name)
        found = path.stat() if path.exists() else None
        path = path.resolve()
        folder = path.parent.is_dir()
    except (OSError, RuntimeError) as error:
        raise _unwritten(name, error, option) from None
    if not folder:
        raise BadValue(option, name, "a file in a folder that exists")
    if path.is_symlink():  # a link to itself
        raise BadValue(option, name, "a regular file; this link leads nowhere")
    if found and (expected := _refused(path, found, inputs, spared)):
        raise BadValue(option, name, expected)
    return path


def _refused(path: Path, found: os.stat_result, inputs: Sequence[str], spared: Sequence[str]) -> str | None:
    """Return what the option requires in place of a file that it may not replace; None where it may."""
    if stat.S_ISDIR(found.st_mode):
        return "a file; this is a folder"
    if not stat.S_ISREG(found.st_mode):
        return "a regular file; this is a device or a pipe"
    taken: tuple[str | int, ...] = (*inputs, 0, 1, 2)  # the last three: the standard streams
    if any(_is_same(found, each) for each in taken):
        return "another file; this command reads or writes this one already"
    if path.suffix.lower() in spared:
        return f"a page to replace; this {path.suffix} file is a rule or a visit"
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        return "a file that can be changed; this one is read-only"
    return None


def _is_same(found: os.stat_result, other: str | int) -> bool:
    """Return whether a name, or a stream by its number, is that file."""
    try:
        return os.path.samestat(found, os.stat(other))  # noqa: PTH116 - a stream has no path
    except (OSError, ValueError):
        return False


def write_page(path: Path, page: bytes) -> None:
    """Write the whole page or nothing, with the mode of the file it replaces, else that of the umask.

    Raises CptError where it cannot be written: the old file is unchanged and no temporary file is left.
    """
    try:
        write_whole(path, page)
    except OSError as error:
        raise _unwritten(str(path), error) from None


def write_file(option: str, path: Path, content: bytes) -> None:
    """Write the whole file that an option names, or nothing. Raises CptError."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise _unwritten(str(path), error, option) from None


def _unwritten(name: str, error: Exception, option: str = "--html") -> CptError:
    why = getattr(error, "strerror", None) or error
    what = "page" if option == "--html" else "file"
    return CptError(f"{option} {name!r}: the {what} cannot be written ({why}). Nothing was changed.", option=option)
