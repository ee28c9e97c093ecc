"""A file name or `-` -> an open input whose kind comes from its content, whatever the file is called.

`with open_input(name) as opened:` gives `opened.kind`: "table" (CSV, tab or semicolon), "xlsx", "parquet", "837p" or
"fhir". What is recognized and is no claim file (an 835, a PDF, a zip) is refused by name: NotAClaimFile. gzip is
unpacked while it is read.
"""

import gzip
import io
import re
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, Self, cast

from .lines import ClaimFileUnreadable

Kind = Literal["table", "xlsx", "parquet", "837p", "fhir"]

HEAD: Final = 1 << 16  # bytes that tell the kind
_MOST_WHOLE: Final = 1 << 29  # bytes of a workbook or Parquet file that comes gzipped or through a pipe
_BOM: Final = b"\xef\xbb\xbf"
_GZIP: Final = b"\x1f\x8b"
_DEEPEST: Final = 3  # gzip inside gzip
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\r\f\x1a\x1c\x1d\x1e\x1f")) + b"\x7f"
_X12 = re.compile(rb"ISA[^A-Za-z0-9 \r\n]")
_X12_INSIDE = re.compile(rb"(?:GS|ST)([^A-Za-z0-9\s\"])(?:[A-Z]{2}|837)\1")
_TRANSACTION = re.compile(rb"ST([^A-Za-z0-9\s])([0-9]{3})\1")
_OTHERS: Final = (  # the first bytes, what it is, what to do
    (b"\xd0\xcf\x11\xe0", "an old .xls workbook, or one with a password", "Save it as .xlsx without a password."),
    (b"%PDF", "a PDF", "Export the charges as CSV."),
    (b"\xff\xfe", "UTF-16 text", "Save it as 'CSV UTF-8'."),
    (b"\xfe\xff", "UTF-16 text", "Save it as 'CSV UTF-8'."),
    (b"MSH|", "an HL7 version 2 message", "Export the charges as CSV, or the claims as 837P."),
    (b"<", "a web page or XML", "Export the charges as CSV, or the claims as 837P."),
)
_OTHER_SETS: Final = {
    b"835": ("a remittance (835): what a payer paid, not a claim", "Give the 837P that it answers."),
    b"270": ("an eligibility request (270), not a claim", ""),
    b"271": ("an eligibility answer (271), not a claim", ""),
    b"276": ("a claim status request (276), not a claim", ""),
    b"277": ("a claim status answer (277), not a claim", ""),
    b"278": ("a prior authorization (278), not a claim", ""),
    b"997": ("an acknowledgment (997), not a claim", ""),
    b"999": ("an acknowledgment (999), not a claim", ""),
}
_DAMAGED: Final = (gzip.BadGzipFile, zlib.error, EOFError)


class NotAClaimFile(ClaimFileUnreadable):
    """A file that is recognized as something else."""

    def __init__(self, name: str, what: str, todo: str = "") -> None:
        super().__init__(name, f"this is {what}", todo)


class Input:
    """An open file: its name as typed, its kind, and a stream from its first byte. Use it in a `with`."""

    def __init__(self, name: str, kind: Kind, stream: BinaryIO, until: ExitStack) -> None:
        self.name = name
        self.kind = kind
        self.stream = stream
        self.file: BinaryIO | None = None  # as it is on disk: `file.tell()` of `size` bytes are read. None for a pipe
        self.size = 0
        self._until = until

    def whole(self) -> BinaryIO:
        """Return a stream that can seek, for kinds that are read from their end. Raises ClaimFileUnreadable."""
        if self.stream.seekable():
            return self.stream
        content = self.stream.read(_MOST_WHOLE + 1)
        if len(content) > _MOST_WHOLE:
            raise ClaimFileUnreadable(self.name, f"more than {_MOST_WHOLE:,} bytes", "Save it to a file, not gzipped.")
        return io.BytesIO(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._until.close()


def open_input(name: str) -> Input:
    """Return the file of this name, or standard input for `-`, open. Raises ClaimFileUnreadable and NotAClaimFile."""
    shown = "standard input" if name == "-" else name
    until = ExitStack()
    try:
        head, stream, file = _opened(name, shown, until)
        opened = Input(shown, recognize(head, shown), stream, until)
        if name != "-":
            opened.file, opened.size = file, Path(name).stat().st_size
        return opened
    except BaseException:
        until.close()
        raise


def _opened(name: str, shown: str, until: ExitStack) -> tuple[bytes, BinaryIO, BinaryIO]:
    """Return the first bytes of a file, a stream from its first byte, both unpacked, and the file itself."""
    try:
        if name == "-":
            stream: BinaryIO = sys.stdin.buffer
        else:
            stream = until.enter_context(Path(name).open("rb"))  # noqa: SIM115 - `until` closes it
        file = stream
        head, stream = _peeked(stream, shown)
        for _ in range(_DEEPEST):
            if not head.startswith(_GZIP):
                break
            unpacked = until.enter_context(gzip.GzipFile(fileobj=stream))
            head, stream = _peeked(cast(BinaryIO, unpacked), shown)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ClaimFileUnreadable(shown, what, "Check the name of the file.") from None
    return head, stream, file


def recognize(head: bytes, name: str) -> Kind:
    """Return the kind of a file that begins with these bytes. Raises NotAClaimFile."""
    if not head.strip():
        raise ClaimFileUnreadable(name, "an empty file")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in head or b"xl/" in head:
            return "xlsx"
        raise NotAClaimFile(name, "a zip", "Unpack it and give the file in it.")
    text = head.removeprefix(_BOM).lstrip()
    for begins, what, todo in _OTHERS:
        if text.startswith(begins):
            raise NotAClaimFile(name, what, todo)
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) // 10:
        raise NotAClaimFile(name, "neither text nor a workbook", "Export the charges as CSV.")
    if _X12.match(text):
        return _x12(text, name)
    if _X12_INSIDE.match(text):
        return "837p"  # without its ISA; the reader says so
    if text.startswith(b"{") or (text.startswith(b"[") and text[1:].lstrip()[:1] in (b"{", b"]")):
        return "fhir"
    return "table"


def _x12(text: bytes, name: str) -> Kind:
    found = {match[2] for match in _TRANSACTION.finditer(text)}
    if found and found <= _OTHER_SETS.keys():
        raise NotAClaimFile(name, *_OTHER_SETS[min(found)])
    return "837p"


def _peeked(stream: BinaryIO, name: str) -> tuple[bytes, BinaryIO]:
    """Return the first bytes of a stream, and the stream with them in front again."""
    is_file = not isinstance(stream, gzip.GzipFile) and stream.seekable()
    start = stream.tell() if is_file else 0
    parts: list[bytes] = []
    size = 0
    try:
        while size < HEAD and (part := stream.read(HEAD - size)):
            parts.append(part)
            size += len(part)
    except _DAMAGED as error:
        raise ClaimFileUnreadable(name, f"the gzip is damaged or cut off ({error})", "Copy it again.") from None
    head = b"".join(parts)
    if is_file:
        stream.seek(start)
        return head, stream
    return head, cast(BinaryIO, io.BufferedReader(_Joined(head, stream, name), 1 << 17))


class _Joined(io.RawIOBase):
    """The head of a stream and then the rest of it; damage inside a gzip names the file."""

    def __init__(self, head: bytes, rest: BinaryIO, name: str) -> None:
        self._head = head
        self._rest = rest
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        size = len(into)
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
        else:
            try:
                part = self._rest.read(size)
            except _DAMAGED as error:
                raise ClaimFileUnreadable(
                    self._name, f"the gzip is damaged or cut off ({error})", "Copy it again."
                ) from None
        into[: len(part)] = part
        return len(part)
