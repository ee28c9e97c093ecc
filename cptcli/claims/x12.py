"""An X12 837P file -> its service lines, streaming, on the standard library.

`for line in Reader(stream, name)` yields a ServiceLine for every SV1; afterwards `reader.oddities` lists everything
that is unusual, with segment numbers (the ISA is 1), and `reader.segments` counts them. Only a file without a readable
ISA is refused (ClaimFileUnreadable); everything else is read as far as it goes. Loops follow the guide 005010X222:
what another payer said (2320, 2330, 2430) never touches a line.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from .lines import Oddities, ServiceLine
from .x12_envelope import Envelopes
from .x12_segments import Delimiters, batches
from .x12_values import (
    UNUSED_TAGS,
    Kept,
    dates,
    diagnoses,
    element_of,
    hundredths,
    payer_or_provider,
    place_and_frequency,
    service,
)  # fmt: skip

_OUTSIDE, _BILLING, _SUBSCRIBER, _PATIENT, _CLAIM, _OTHER_PAYER, _LINE, _ADJUDICATED = range(8)  # where a segment is
_BEFORE_LINES: Final = frozenset((_CLAIM, _OTHER_PAYER))
_RENDERED: Final = frozenset((_CLAIM, _LINE))
_UNUSED, _LX, _SV1, _DTP, _REF, _INSIDE = range(6)  # what the main loop does itself; from _INSIDE on, a method does it
_MOST_DELIMITERS: Final = 100  # sets of them in a file that are kept
_MOST_LINES: Final = 50  # of one claim
_COUNTS: Final = [str(number) for number in range(1000)]
_OTHER_SERVICES: Final = {"SV2": "an institutional", "SV3": "a dental"}


class Reader:
    """The service lines of one 837P file. Iterate over it once.

    `unread` counts service lines that are not professional (SV2, SV3), so that they are not taken for clean.
    """

    _where: int  # in which loop the last segment was
    _claim_notes: tuple[str, ...]
    _notes: tuple[str, ...]  # of the line
    _dx: tuple[str, ...]

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.oddities = Oddities("segment")
        self.segments = 0
        self.unread = 0
        self._stream = stream
        self._name = name
        self._element = self._component = ""
        self._methods: list[Callable[[str], None]] = []
        self._ending = 0  # from this method on, a segment ends the line before it
        self._kinds = self._all_kinds = self._outer_kinds = dict[str, int]()
        # By the text of the segment. No patient is in them: a name is kept for payers and providers only.
        self._services = Kept(lambda sv1: service(sv1, self._element, self._component))
        self._names = Kept(lambda nm1: payer_or_provider(nm1, self._element))
        self._filings = Kept(lambda sbr: element_of(sbr, self._element, 9))
        self._days = Kept(lambda dtp: dates(dtp, self._element))
        self._known: dict[Delimiters, tuple[dict[str, int], dict[str, int]]] = {}
        self._envelopes = Envelopes(self.oddities)
        self._st = ""
        self._start_billing()

    def __iter__(self) -> Iterator[ServiceLine]:
        """Yield the service lines in the order of the file."""
        # One long loop with what every line needs in local variables: each method that a segment calls costs time
        # (tests/bench/claims.py; the date of service and the number of an LX alone 3 to 6 percent).
        delimiters: Delimiters | None = None
        element = lx = first = last = control = ""
        sv1 = ""
        days = self._days
        number = at = counted = 0  # the segment; that of the SV1 of the line that is open; the lines of the claim
        has_lx = has_service = False  # since the last LX
        for batch in batches(self._stream, self._name):
            if batch.delimiters != delimiters:
                delimiters = batch.delimiters
                self._use(delimiters)
                element = self._element
            kind_of, methods, ending = self._kinds.get, self._methods, self._ending
            for segment in batch.segments:
                number += 1
                kind = kind_of(segment[:3])
                if not kind:
                    if kind == _UNUSED:
                        continue
                    segment = segment.strip()
                    number -= not segment
                    kind = kind_of(segment[:3])
                    if not kind:
                        if kind is None:
                            self._unknown(segment, number)
                        continue
                if kind == _DTP:
                    if segment[4:7] == "472" and self._where == _LINE:
                        if first:
                            self.oddities.add("DTP: more than one date of service on a line", number)
                        first, last, problem = days[segment]
                        if problem:
                            self.oddities.add(problem, number)
                elif kind == _REF:
                    if segment[4:6] == "6R" and self._where == _LINE:
                        control = segment[7:]
                        if element in control:
                            control = control.split(element, 1)[0]
                elif kind == _LX:
                    if at:
                        yield self._line(lx, at, sv1, first, last, control)
                        at = 0
                    elif has_lx and not has_service:
                        self.oddities.add("LX: no SV1 follows", number)
                    lx = segment[3:]
                    first = last = control = self._rendering = ""
                    self._notes = ()
                    has_lx, has_service = True, False
                    self._where = _LINE
                    counted += 1
                    if lx != _COUNTS[counted % 1000]:
                        lx = lx.split(element, 1)[0]
                        if lx != str(counted):
                            self.oddities.add("LX: it does not count 1, 2, 3", number)
                elif kind == _SV1:
                    if has_service or not has_lx:
                        if at:
                            yield self._line(lx, at, sv1, first, last, control)
                        lx = first = last = control = self._rendering = ""
                        self._notes = ()
                        counted += 1
                        self.oddities.add("SV1: SV1 without LX", number)
                    at = number
                    sv1 = segment
                    has_service = True
                    self._where = _LINE
                elif kind < ending:
                    self.segments = number
                    methods[kind](segment)
                    if kind == _INSIDE:
                        has_service = True
                else:
                    if at:
                        yield self._line(lx, at, sv1, first, last, control)
                        at = 0
                    elif has_lx and not has_service:
                        self.oddities.add("LX: no SV1 follows", number)
                    has_lx = has_service = False
                    first = last = control = ""
                    self.segments = number
                    self._counted, counted = counted, 0
                    methods[kind](segment)
                    kind_of = self._kinds.get
            self.segments = number
            if batch.remark:
                self._odd(batch.remark)
            if batch.before_isa:
                self._odd(f"{batch.before_isa:,} characters before the ISA were skipped")
        if at:
            yield self._line(lx, at, sv1, first, last, control)
        self._counted = counted
        self._end_claim()
        self._envelopes.close("", number)

    def _use(self, delimiters: Delimiters) -> None:
        """Read what follows with these delimiters."""
        if len(self._known) > _MOST_DELIMITERS:  # a hostile file
            self._known.clear()
        self._element, self._component = delimiters.element, delimiters.component
        for kept in (self._services, self._names, self._filings, self._days):
            kept.clear()
        if delimiters not in self._known:
            self._known[delimiters] = self._kinds_with(self._element)
        self._all_kinds, self._outer_kinds = self._known[delimiters]
        self._kinds = self._all_kinds

    def _kinds_with(self, element: str) -> tuple[dict[str, int], dict[str, int]]:
        """Return the kind of a segment by its first three characters: of any, and of an envelope's only."""
        kinds = dict.fromkeys(UNUSED_TAGS, _UNUSED) | {"LX": _LX, "SV1": _SV1, "DTP": _DTP, "REF": _REF}
        kinds |= dict.fromkeys(_OTHER_SERVICES, _INSIDE)
        self._methods = [self._other_service] * (_INSIDE + 1)
        inside = {"NM1": self._nm1, "HI": self._hi, "NTE": self._nte, "SVD": self._svd}
        claims = {"SBR": self._sbr, "HL": self._hl, "CLM": self._clm}
        outer = {
            "ISA": self._isa, "GS": self._gs, "ST": self._transaction, "SE": self._se,
            "GE": self._outer_end, "IEA": self._outer_end,
        }  # fmt: skip
        self._ending = len(self._methods) + len(inside)
        for tag, method in (inside | claims | outer).items():
            kinds[tag] = len(self._methods)
            self._methods.append(method)
        both = kinds | {(tag + element)[:3]: kind for tag, kind in kinds.items()}
        return both, {tag: kind for tag, kind in both.items() if tag.rstrip(element) in outer}

    def _odd(self, what: str, place: int = 0) -> None:
        self.oddities.add(what, place or self.segments)

    def _unknown(self, segment: str, number: int) -> None:
        if not segment or self._kinds is self._outer_kinds:
            return
        self._odd("a segment that an 837P does not have", number)  # not its text: it may be a name in a broken file

    def _isa(self, segment: str) -> None:
        self._leave_claims()
        self._envelopes.open_interchange(segment.split(self._element), self.segments)

    def _gs(self, segment: str) -> None:
        self._leave_claims()
        self._envelopes.open_group(segment.split(self._element), self.segments)

    def _transaction(self, segment: str) -> None:
        self._leave_claims()
        parts = segment.split(self._element)
        self._st = parts[2] if len(parts) > 2 else ""
        if not self._envelopes.open_transaction(parts, self.segments):
            self._kinds = self._outer_kinds

    def _se(self, segment: str) -> None:
        self._leave_claims()
        self._envelopes.close_transaction(segment.split(self._element), self.segments)

    def _outer_end(self, segment: str) -> None:
        self._leave_claims()
        self._envelopes.close_outer(segment.split(self._element), self.segments)

    def _leave_claims(self) -> None:
        self._end_claim()
        self._start_billing()
        self._st = ""
        self._kinds = self._all_kinds

    def _start_billing(self) -> None:
        self._where = _OUTSIDE
        self._billing = ""
        self._start_subscriber()

    def _start_subscriber(self) -> None:
        self._filing = self._payer = self._payer_id = self._subscriber = self._dependent = ""
        self._start_claim()

    def _start_claim(self) -> None:
        self._claim = self._patient = self._claim_charge = self._claim_pos = self._frequency = ""
        self._claim_rendering = self._rendering = ""
        self._claim_at = 0  # segment of the CLM; 0 outside a claim
        self._claim_notes = self._notes = self._dx = ()
        self._others = self._lines = self._counted = self._cents = 0
        self._sum_is_known = True

    def _hl(self, segment: str) -> None:
        self._end_claim()
        parts = segment.split(self._element)
        level = parts[3] if len(parts) > 3 else ""
        if level == "22":
            self._start_subscriber()
            self._where = _SUBSCRIBER
        elif level == "23":
            self._start_claim()
            self._dependent = ""
            self._where = _PATIENT
        else:
            self._start_billing()
            if level == "20":
                self._where = _BILLING
            else:
                self._odd("HL: its level is not 20, 22 or 23; provider and payer of what follows are not known")

    def _sbr(self, segment: str) -> None:
        if self._where in _BEFORE_LINES:
            self._where = _OTHER_PAYER
            self._others += 1
            return
        if self._where >= _LINE:  # another payer comes before the lines, so this is a subscriber
            self._end_claim()
            self._start_subscriber()
            self._where = _SUBSCRIBER
            self._odd("SBR: after service lines and without an HL; read as the next subscriber")
        self._filing = self._filings[segment]

    def _nm1(self, segment: str) -> None:
        where, who = self._where, segment[4:6]
        if where in _RENDERED:
            if who != "82":
                return
        elif where >= _CLAIM:
            return
        if who == "IL":
            self._subscriber, self._dependent = segment[7:].replace(self._element, "\0"), ""
        elif who == "QC":
            self._dependent = segment[7:].replace(self._element, "\0")
        elif who == "PR":
            self._payer, self._payer_id, _ = self._names[segment]
        elif who == "82" or (who == "85" and where < _CLAIM):
            _, number, problem = self._names[segment]
            if problem:
                self._odd(problem)
            if who == "85":
                self._billing = number
            elif where == _LINE:
                self._rendering = number
            elif where == _CLAIM:
                self._claim_rendering = number

    def _clm(self, segment: str) -> None:
        self._end_claim()
        if self._where < _SUBSCRIBER:
            self._odd("CLM: outside a subscriber or patient")
        if self._where >= _CLAIM:
            self._start_claim()
        parts = segment.split(self._element, 6)
        if len(parts) < 6:
            parts += [""] * (6 - len(parts))
        self._claim, self._claim_charge, where = parts[1], parts[2], parts[5]
        self._claim_pos, self._frequency, problem = place_and_frequency(where, self._component)
        if problem:
            self._odd(problem)
        self._patient = f"{self._subscriber}\0{self._dependent}" if self._dependent else self._subscriber
        self._claim_at = self.segments
        self._where = _CLAIM

    def _hi(self, segment: str) -> None:
        found, problem = diagnoses(segment, self._element, self._component)
        if self._where != _CLAIM:
            problem = problem or "HI: not directly after a claim's CLM"
        if problem:
            self._odd(problem)
        self._dx += found

    def _other_service(self, segment: str) -> None:
        self.unread += 1
        self._odd(f"{segment[:3]}: {_OTHER_SERVICES[segment[:3]]} service line, which was not read")

    def _nte(self, segment: str) -> None:
        kind = segment[4:7]
        if kind in ("ADD", "DCP"):
            note = f"{kind}:{segment[8:]}"
            if self._where == _LINE:
                self._notes += (note,)
            elif self._where == _CLAIM:
                self._claim_notes += (note,)

    def _svd(self, segment: str) -> None:
        if self._where == _LINE:
            self._where = _ADJUDICATED

    def _line(self, lx: str, at: int, sv1: str, first: str, last: str, control: str) -> ServiceLine:
        """Return a line that is complete."""
        (qual, code, modifiers, charge, cents, unit, qty, pos, texts, indexes, highest, pick, problems) = (
            self._services[sv1]
        )
        if problems or not first or not self._claim_at:
            self._report_line(at, problems, first)
        if cents is None:
            self._sum_is_known = False
        else:
            self._cents += cents
        self._lines += 1
        dx = self._dx
        return ServiceLine(
            self._name, self._st, self._claim, lx, qual, code, modifiers, charge, unit, qty, texts,
            pick(dx) if highest < len(dx) else self._pointed(texts, indexes, at), first, last, pos or self._claim_pos,
            control, self._filing, self._billing, self._rendering or self._claim_rendering, at, self._payer,
            self._payer_id, self._patient, self._frequency, self._others,
            self._claim_notes + self._notes if self._notes else self._claim_notes,
        )  # fmt: skip

    def _pointed(self, texts: tuple[str, ...], indexes: tuple[int, ...], at: int) -> tuple[str, ...]:
        """Return the diagnoses that a line points to, where one of its pointers is wrong."""
        found = []
        for text, index in zip(texts, indexes, strict=True):
            if 0 <= index < len(self._dx):
                found.append(self._dx[index])
            else:
                shown = f" {text!r}" if len(text) < 3 else ""  # anything longer may be a piece of another segment
                self._odd(f"SV1: diagnosis pointer{shown} has no HI code", at)
        return tuple(found)

    def _report_line(self, at: int, problems: tuple[str, ...], first: str) -> None:
        for problem in problems:
            self._odd(problem, at)
        if not first:
            self._odd("SV1: no date of service", at)
        if not self._claim_at:
            self._odd("SV1: outside a claim", at)

    def _end_claim(self) -> None:
        """Check what the claim that is open says of its lines."""
        at, self._claim_at = self._claim_at, 0
        if not at:
            return
        if not self._counted:
            self._odd("CLM: a claim without service lines", at)
        elif self._lines and self._sum_is_known and hundredths(self._claim_charge) != self._cents:
            self._odd("CLM: its total charge is not the sum of its lines", at)
        if self._lines > _MOST_LINES:
            self._odd(f"CLM: more than {_MOST_LINES} service lines", at)
