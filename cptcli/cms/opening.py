"""A file on disk -> the texts and workbooks in it: plain, zipped or gzipped."""

import gzip
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from .mcd_export import folder_documents
from .reading import CHUNK, DAMAGED, Damaged, FileUnreadable, NoRoom, Text
from .unpacking import Room, open_zip, read_through, short_name
from .workbooks import Workbook

_ZIP = b"PK"  # the first bytes of a zip, and so of a workbook
_GZIP = b"\x1f\x8b"


def open_documents(path: Path, until: ExitStack) -> list[Text | Workbook]:
    """Return the texts and workbooks in a file. Raises FileUnreadable, and Damaged if a part of it is damaged.

    Everything stays open until `until` is closed.
    """
    where = str(path)
    if extracted := folder_documents(path):
        return extracted
    size, begins = _looked_at(path)
    room = Room(where, size)

    def opened() -> IO[bytes]:
        return path.open("rb")

    if begins == _GZIP:
        return [_gunzipped(path, room)]
    if begins != _ZIP:
        return [Text(where, (path.name,), size, opened)]
    archive = open_zip(until.enter_context(opened()), where, room)
    until.callback(archive.close)
    if any(name == "xl/workbook.xml" for name in archive.namelist()):
        return [Workbook(where, (path.name,), Room(where, size), opened)]
    return _members(archive, where, (path.name,), room, until)


def _members(
    archive: zipfile.ZipFile, where: str, archives: tuple[str, ...], room: Room, until: ExitStack
) -> list[Text | Workbook]:
    """Return the texts and workbooks in a zip, also those of a zip in it. Raises Damaged."""
    read_through(archive, where)
    documents: list[Text | Workbook] = []
    for member in archive.infolist():
        if member.is_dir() or not (name := short_name(member.filename)):
            continue
        inside = f"{where}: {PurePosixPath(member.filename).parent / name}"
        names, unpacked = (name, *archives), partial(archive.open, member)
        with unpacked() as member_file:
            is_packed = member_file.read(2) == _ZIP
        if is_packed and name.lower().endswith(".zip") and len(archives) == 1:
            inner = open_zip(_copied(unpacked, inside, until), inside, room)
            until.callback(inner.close)
            documents += _members(inner, inside, names, room, until)
        elif is_packed:
            documents.append(Workbook(inside, names, room, unpacked))
        else:
            documents.append(Text(inside, names, member.file_size, unpacked))
    return documents


def _copied(unpacked: Callable[[], IO[bytes]], where: str, until: ExitStack) -> IO[bytes]:
    """Return a zip that was packed in another one as a file to search in. Raises NoRoom."""
    from shutil import copyfileobj
    from tempfile import TemporaryFile

    try:
        file = until.enter_context(TemporaryFile())  # noqa: SIM115 - closed with the rest
        with unpacked() as packed:
            copyfileobj(packed, file, CHUNK)
    except OSError:  # its bytes have been read once before
        raise NoRoom(where) from None
    return file


def _looked_at(path: Path) -> tuple[int, bytes]:
    """Return the size and first two bytes of a file. Raises FileUnreadable, also for a pipe or a device."""
    where = str(path)
    try:
        if path.is_dir():
            raise FileUnreadable(where, "a folder", "a file of CMS", "Name the files in it.")
        size = path.stat().st_size
        if not path.is_file():  # reading a pipe would hang
            raise FileUnreadable(where, "no regular file", "a file of CMS", "Save it to a file first.")
        with path.open("rb") as file:
            begins = file.read(2)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise FileUnreadable(where, what, "a file that can be read") from None
    if not size:
        raise FileUnreadable(where, "an empty file", "a file of CMS", "Download it again.")
    return size, begins


def _gunzipped(path: Path, room: Room) -> Text | Workbook:
    """Return the file that gzip packed, after reading it through once, as every member of a zip is."""
    where, size, begins = str(path), 0, b""

    def opened() -> IO[bytes]:
        return gzip.open(path)  # type: ignore[return-value]  # works like any binary file

    try:
        with closing(opened()) as packed:
            while chunk := packed.read(CHUNK):
                begins = begins or chunk[:2]
                size += len(chunk)
                room.take(len(chunk))
    except DAMAGED as error:
        raise Damaged(where, f"the file is damaged or was cut short ({error})") from None
    name = path.stem if path.suffix.lower() == ".gz" else path.name
    names = (name, path.name)
    if begins == _ZIP:
        return Workbook(f"{where}: {name}", names, room, opened)
    return Text(f"{where}: {name}", names, size, opened)
