"""What a packed file may unpack to, and whether all of it can be: looked at before anything is made of it.

A small file may unpack to any size. Every limit here is far above what CMS publishes, so that only a file that was made
to fill the memory or to take for ever is refused, and in words.
"""

import os
import struct
import zipfile
from collections.abc import Callable
from typing import IO

from .reading import CHUNK, DAMAGED, Damaged, FileUnreadable

_WHOLE = 1 << 30  # bytes that a file and all that is in it may unpack to; the largest of CMS has a third of it
_TIMES = 100  # how many times its size a file may unpack to; a workbook of CMS has 25
_SPARED = 1 << 23  # bytes up to which that does not count
_MEMBERS = 200  # files in a zip
_SHEETS = 40  # sheets in all workbooks of a file
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the ways of packing that need little memory
_ENCRYPTED = 0x1
_NAMED = 3  # damaged files that a message names
_LONGEST_NAME = 100
_EXPECTED = "a file of CMS's size"
_ERRORS = (*DAMAGED, ValueError)  # what zipfile says to bytes that are no zip


class Room:
    """What one file may still unpack to, with all that is packed inside it."""

    def __init__(self, where: str, size: int) -> None:
        self._where = where
        self._most = min(_WHOLE, max(_SPARED, _TIMES * size))
        self._unpacked = 0
        self._sheets = 0

    def take(self, size: int) -> None:
        """Note so many bytes more. Raises FileUnreadable."""
        self._unpacked += size
        if self._unpacked > self._most:
            raise FileUnreadable(self._where, f"it unpacks to more than {self._most:,} bytes", _EXPECTED)

    def take_sheets(self, count: int) -> None:
        """Note so many sheets more. Raises FileUnreadable."""
        self._sheets += count
        if self._sheets > _SHEETS:
            raise FileUnreadable(self._where, f"its workbooks have {self._sheets:,} sheets", f"at most {_SHEETS}")


def open_zip(file: IO[bytes], where: str, room: Room) -> zipfile.ZipFile:
    """A zip whose members are few, of a size that can be read, and packed as CMS packs them.

    Raises FileUnreadable, and Damaged where the list of its members cannot be read or one is encrypted.
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
            what = f"{short_name(member.filename)} is packed in a way that cpt does not read ({member.compress_type})"
            raise Damaged(where, what, "Unpack it, and import the files in it.")
    room.take(sum(member.file_size for member in members))  # no more than that is ever read
    return archive


def _check_list(file: IO[bytes], where: str) -> None:
    """Look at the end of a zip, which says how long its list of members is, before that list is read."""
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
    """Read every member once, so that each is known to be whole. Raises Damaged, which names those that are not.

    `seen` is given every piece that was read.
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
    """The name of a member as a message shows it: without its folder, and cut where it goes on and on."""
    own = name.rstrip("/").rpartition("/")[2]
    return own if len(own) <= _LONGEST_NAME else f"{own[:_LONGEST_NAME]}..."
