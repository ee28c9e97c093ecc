"""Limits on what a packed file unpacks to, and a check that all of it can be unpacked, before any of it is used.

A small file can unpack to any size. Every limit is far above what CMS publishes, so only a file made to exhaust memory
or time is refused, with a message.
"""

import os
import struct
import zipfile
from collections.abc import Callable
from typing import IO

from .reading import CHUNK, DAMAGED, Damaged, FileUnreadable

_WHOLE = 1 << 30  # bytes that a file and everything inside it may unpack to; CMS's largest needs a third of that
_TIMES = 100  # times its own size that a file may unpack to; CMS's workbooks need 25
_SPARED = 1 << 23  # bytes that any file may unpack to
_MEMBERS = 200  # files in a zip
_SHEETS = 40  # sheets in all workbooks of a file together
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the two methods that need little memory
_ENCRYPTED = 0x1
_NAMED = 3  # damaged members that a message names
_LONGEST_NAME = 100
_EXPECTED = "a file of CMS's size"
_ERRORS = (*DAMAGED, ValueError)  # raised by zipfile for a damaged zip


class Room:
    """What one file may still unpack to, with everything packed inside it."""

    def __init__(self, where: str, size: int) -> None:
        self._where = where
        self._most = min(_WHOLE, max(_SPARED, _TIMES * size))
        self._unpacked = 0
        self._sheets = 0

    def take(self, size: int) -> None:
        """Count more bytes. Raises FileUnreadable over the limit."""
        self._unpacked += size
        if self._unpacked > self._most:
            raise FileUnreadable(self._where, f"it unpacks to more than {self._most:,} bytes", _EXPECTED)

    def take_sheets(self, count: int) -> None:
        """Count more sheets. Raises FileUnreadable over the limit."""
        self._sheets += count
        if self._sheets > _SHEETS:
            raise FileUnreadable(self._where, f"its workbooks have {self._sheets:,} sheets", f"at most {_SHEETS}")


def open_zip(file: IO[bytes], where: str, room: Room) -> zipfile.ZipFile:
    """Return an open zip whose members are within the limits.

    Raises FileUnreadable over a limit, and Damaged if its list of members is damaged or a member is encrypted.
    """
    _check_list(file, where)
    try:
        archive = zipfile.ZipFile(file)
    except _ERRORS as error:
        raise Damaged(where, f"the zip is damaged or was cut short ({error})") from None
    members = archive.infolist()
    if len(members) > _MEMBERS:
        raise _too_many(where, len(members))
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise Damaged(where, f"{short_name(member.filename)} is encrypted", "Unpack it with its password.")
        if member.compress_type not in _METHODS:
            what = (
                f"{short_name(member.filename)} uses a packing method that cpt does not read ({member.compress_type})"
            )
            raise Damaged(where, what, "Unpack it, and import the files in it.")
    room.take(sum(member.file_size for member in members))  # zipfile reads no more than that
    return archive


def _check_list(file: IO[bytes], where: str) -> None:
    """Raise FileUnreadable if the end of a zip announces a long list of members: before that list is read."""
    tail = file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 16)))
    end = file.read()
    file.seek(0)
    place = end.rfind(b"PK\5\6")
    if 0 <= place <= len(end) - 22 and tail >= 0:
        count, size = struct.unpack_from("<HI", end, place + 10)
        if count > _MEMBERS or size > _MEMBERS << 12:
            raise _too_many(where, count)


def _too_many(where: str, count: int) -> FileUnreadable:
    return FileUnreadable(where, f"a zip of {count:,} files", f"a zip of CMS, with at most {_MEMBERS:,}")


def read_through(
    archive: zipfile.ZipFile, where: str, seen: Callable[[zipfile.ZipInfo, bytes], None] | None = None
) -> None:
    """Read every member once, to be sure that each is intact. Raises Damaged, which names the ones that are not.

    `seen` is called with every piece that was read.
    """
    damaged: list[str] = []
    for member in archive.infolist():
        try:
            with archive.open(member) as packed:
                while chunk := packed.read(CHUNK):
                    if seen:
                        seen(member, chunk)
        except FileUnreadable:
            raise
        except _ERRORS as error:
            damaged.append(f"{short_name(member.filename)} is damaged or was cut short ({error})")
    if damaged:
        more = f"; and {len(damaged) - _NAMED} more" if len(damaged) > _NAMED else ""
        raise Damaged(where, "; ".join(damaged[:_NAMED]) + more)


def short_name(name: str) -> str:
    """Return the name of a member without its folder, cut if it is too long for a message."""
    own = name.rstrip("/").rpartition("/")[2]
    return own if len(own) <= _LONGEST_NAME else f"{own[:_LONGEST_NAME]}..."
