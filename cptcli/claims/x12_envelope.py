"""ISA, GS and ST around the claims of an X12 file: which are open, and whether their counts and numbers agree."""

from typing import Final

from .lines import Oddities

_CLOSES: Final = {"IEA": ("ISA", "groups"), "GE": ("GS", "transactions")}
_OTHER_SETS: Final = frozenset({"270", "271", "276", "277", "278", "820", "824", "834", "835", "997", "999"})


class _Open:
    """An envelope that is open: its control number, where it began, and how many envelopes it has."""

    def __init__(self, tag: str, control: str, at: int) -> None:
        self.tag, self.control, self.at, self.inner = tag, control, at, 0


class Envelopes:
    """The envelopes that are open. Every method takes the elements of a segment and its number."""

    def __init__(self, oddities: Oddities) -> None:
        self._oddities = oddities
        self._open: list[_Open] = []

    def open_interchange(self, parts: list[str], at: int) -> None:
        """Begin at an ISA."""
        self.close("", at)
        self._push("ISA", parts, 13, at)

    def open_group(self, parts: list[str], at: int) -> None:
        """Begin at a GS."""
        self.close("ISA", at)
        self._push("GS", parts, 6, at)

    def open_transaction(self, parts: list[str], at: int) -> bool:
        """Begin at an ST; return whether it may hold claims."""
        self.close("GS", at)
        self._push("ST", parts, 2, at)
        kind = parts[1] if len(parts) > 1 else ""
        if kind in _OTHER_SETS:
            self._oddities.add(f"ST: a {kind} is not a claim and was not read", at)
        elif kind != "837":
            self._oddities.add("ST: it does not name an 837; read as one", at)
        return kind not in _OTHER_SETS

    def close_transaction(self, parts: list[str], at: int) -> None:
        """End at an SE, whose count includes ST and SE."""
        if not self._open or self._open[-1].tag != "ST":
            self._oddities.add("SE without ST", at)
            return
        opened = self._open.pop()
        _, count, control, *_ = (*parts, "", "")
        if count != str(at - opened.at + 1):
            self._oddities.add("SE: wrong count of segments", at)
        if control != opened.control:
            self._oddities.add("SE: its control number is not that of ST", at)

    def close_outer(self, parts: list[str], at: int) -> None:
        """End at a GE or an IEA."""
        tag, count, control, *_ = (*parts, "", "")
        tag = "GE" if tag.startswith("GE") else "IEA"
        opener, inner = _CLOSES[tag]
        if opener not in (each.tag for each in self._open):
            self._oddities.add(f"{tag} without {opener}", at)
            return
        self.close(opener, at)
        opened = self._open.pop()
        if count.lstrip("0") != str(opened.inner):
            self._oddities.add(f"{tag}: wrong count of {inner}", at)
        if control != opened.control:
            self._oddities.add(f"{tag}: its control number is not that of {opener}", at)

    def close(self, outside: str, at: int) -> None:
        """Report and drop the envelopes inside the last open one called `outside`; "" is all of them."""
        while self._open and self._open[-1].tag != outside:
            self._oddities.add(f"{self._open.pop().tag} is never closed", at)

    def _push(self, tag: str, parts: list[str], control: int, at: int) -> None:
        if self._open:
            self._open[-1].inner += 1
        self._open.append(_Open(tag, parts[control] if len(parts) > control else "", at))
