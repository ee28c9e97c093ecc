"""Workbooks as CMS publishes them -> rows of text. openpyxl reads them, after a check for what would exhaust it."""

import errno
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import IO, TYPE_CHECKING, Any

from .reading import CHUNK, DAMAGED, Damaged, Document, FileUnreadable, NoRoom, Tick
from .unpacking import Room, open_zip, read_through

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_SHEETS = "xl/worksheets/"
_ROWS = 1 << 20  # the most a sheet can have
_LONGEST_ROW = 2 * CHUNK  # bytes of XML in one row, which openpyxl reads at once
_WHOLE = 1 << 25  # bytes of the parts that openpyxl reads at once: texts and styles
_TAGS = 500_000  # XML tags in those parts
_AFTER_A_ROW = re.compile(  # after a row: neither a row nor the end; begins with a literal, so the search is fast
    rb"row(>|\s[^<]*/>)\s*<(?!(?:[\w.-]+:)?row[\s/>]|/(?:[\w.-]+:)?sheetData)"
)
_SHEET_ERRORS = (  # raised by openpyxl for a damaged file
    *DAMAGED, KeyError, IndexError, ValueError, TypeError, AttributeError, SyntaxError, RuntimeError,
)  # fmt: skip


class NotAWorkbook(FileUnreadable):
    """A zip or an office document that is not a workbook."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "a zip or document inside it, which cpt does not open", "a text or a workbook")


class Sheet(Document):
    """A sheet of a workbook."""

    def __init__(self, where: str, names: tuple[str, ...], size: int, sheet: "Worksheet") -> None:
        super().__init__(where, names, size)
        self._sheet = sheet
        self._rows = sheet.max_row or 0  # as the sheet claims; used for the progress bar only
        # So rows are not padded to the width it claims. The read-only sheet has this method, the type stub does not.
        sheet.reset_dimensions()  # type: ignore[attr-defined]

    def records(self, tick: Tick | None = None) -> Iterator[tuple[int, list[str]]]:
        """Yield every row, its cells as text, without empty cells at its end."""
        every = 1000
        share = self.size * every // max(self._rows, every)
        try:
            for number, cells in enumerate(self._sheet.iter_rows(values_only=True), 1):
                if number > _ROWS:
                    raise self.wrong(number, f"more than {_ROWS:,} rows", "a sheet of CMS")
                texts = [*map(_as_text, cells)]
                while texts and not texts[-1]:
                    texts.pop()
                yield number, texts
                if tick and number % every == 0:
                    tick(share)
        except _SHEET_ERRORS as error:
            raise Damaged(self.where, f"the workbook is damaged ({error})") from None


def _as_text(cell: Any) -> str:
    """Return a cell as CMS prints it in its text files: days as YYYYMMDD, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if hasattr(cell, "strftime"):
        return str(cell.strftime("%Y%m%d"))
    return str(cell)


class Workbook:
    """A workbook, alone or packed. Its sheets are opened only when needed, which is slow."""

    def __init__(self, where: str, names: tuple[str, ...], room: Room, opened: Callable[[], IO[bytes]]) -> None:
        self.where = where
        self.names = names
        self.size = 0
        self._room = room
        self._opened = opened

    def sheets(self, until: ExitStack) -> list[Document]:
        """Return the sheets, open until `until` is closed. Raises FileUnreadable, NotAWorkbook and NoRoom."""
        import warnings

        from openpyxl import load_workbook  # takes as long as 10 starts of Python

        try:
            file = self._seekable(until)
            with closing(open_zip(file, self.where, self._room)) as archive:
                self._check(archive)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = load_workbook(file, read_only=True, data_only=True)
            until.callback(book.close)
            return [Sheet(self.where, self.names, self.size, sheet) for sheet in book.worksheets]
        except _SHEET_ERRORS as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise NoRoom(self.where) from None
            raise Damaged(self.where, f"the workbook is damaged or was cut short ({error})") from None

    def _seekable(self, until: ExitStack) -> IO[bytes]:
        """Return the file, unpacked if it was inside an archive: a workbook is read from its end."""
        import tempfile

        file = until.enter_context(self._opened())
        if len(self.names) == 1:
            return file
        unpacked = until.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the rest
        while chunk := file.read(CHUNK):
            unpacked.write(chunk)
        return unpacked

    def _check(self, archive: zipfile.ZipFile) -> None:
        """Raise for a file that is not a workbook, has a damaged part, or would exhaust openpyxl."""
        members = archive.infolist()
        if not any(member.filename.startswith("xl/") for member in members):
            raise NotAWorkbook(self.where)
        self.size = sum(member.file_size for member in members)
        if (whole := sum(each.file_size for each in members if not each.filename.startswith(_SHEETS))) > _WHOLE:
            raise FileUnreadable(self.where, f"its texts and styles have {whole:,} bytes", f"at most {_WHOLE:,}")
        parts: dict[str, _Part] = {}

        def seen(member: zipfile.ZipInfo, chunk: bytes) -> None:
            part = parts.setdefault(member.filename, _Part(self.where, member.filename))
            part.look_at(chunk)

        read_through(archive, self.where, seen)
        if sum(part.tags for part in parts.values() if not part.is_sheet) > _TAGS:
            raise FileUnreadable(self.where, "it has too many texts or styles", f"at most {_TAGS:,} marks")
        self._room.take_sheets(max(1, sum(part.sheets for part in parts.values())))


class _Part:
    """One part of a workbook, checked as bytes: openpyxl keeps every element outside of rows, and one row at a time."""

    def __init__(self, where: str, name: str) -> None:
        self._where = where
        self.is_sheet = name.startswith(_SHEETS)
        self.tags = 0
        self.sheets = 0  # named in the list of sheets
        self._rest = b""  # the last two tags so far; the very last may be incomplete
        self._without_row = 0
        self._ends = self._begins = 0

    def look_at(self, chunk: bytes) -> None:
        """Raise FileUnreadable if a piece has what no spreadsheet program writes."""
        self.tags += chunk.count(b"<")
        piece = self._rest + chunk
        last = max(0, piece.rfind(b"<"))
        self._rest = piece[max(0, piece.rfind(b"<", 0, last)) :]
        if b"<!ENTITY" in piece:
            raise self._odd("entities")
        if not self.is_sheet:
            self.sheets += chunk.count(b"<sheet ") + chunk.count(b":sheet ")
            return
        self._without_row = 0 if b"row>" in piece else self._without_row + len(chunk)
        if self._without_row > _LONGEST_ROW or len(self._rest) > _LONGEST_ROW:
            raise self._odd(f"a row of more than {_LONGEST_ROW:,} bytes")
        self._ends += chunk.count(b"sheetData>")
        self._begins += chunk.count(b"<?")
        if b"<!" in piece or self._ends > 2 or self._begins > 2 or _beside_rows(piece, last):
            raise self._odd("something other than rows between the rows of a sheet")

    def _odd(self, what: str) -> FileUnreadable:
        return FileUnreadable(self._where, what, "a workbook as a spreadsheet program writes it")


def _beside_rows(piece: bytes, end: int) -> bool:
    """Return whether something other than a row follows a row."""
    for found in _AFTER_A_ROW.finditer(piece, 0, end):
        if found[1] != b">" or piece.startswith(b"</", piece.rfind(b"<", 0, found.start())):
            return True
    return False
