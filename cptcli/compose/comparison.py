"""An answer of `cpt compare` -> its sheet: one table, each note once, and what was left out."""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct, structs

from ..advice.coverage import NEGATIVE
from ..model.answer import CoverageStep, SourceRef
from ..model.comparison import ComparedCase, ComparedRow, Comparison
from .answer import TONES
from .answer_details import verdict_in_short
from .backing import coverage_cited, receipt_text, source_line, table_line
from .layout import GAP, WIDTH, width_of, wrapped
from .sheet import Block, Detail, Row, Section, Sheet, counted

_MOST_LINES = 18  # of the table and the packed lists, on the first screen
_NAME_WIDTH = 35  # columns of names, about
_MOST_NAMES = 8  # in one list; above that the page gives their number
_KINDS = ("unknown", "denied", "conditional", "covered")  # of lines, in the order in which they are packed
_OPTIONS = ("--dx", "--state", "--provider")  # of `cpt compare` that can settle a row
_WEIGHTS = {"unknown": 94, "conditional": 96, "denied": 98, "covered": 100}
_NO_CODE = "no code"


class _Note(Struct, frozen=True):
    """A note on a line: its name in a pipe, its text, and its weight when the page has no room."""

    name: str
    text: str
    weight: int


class _Line(Struct, frozen=True):
    """A line of the table: rows that differ only in their names."""

    what: str  # payer or treatment
    rows: tuple[ComparedRow, ...]
    case: str | None  # where another line has the same name and code
    why: _Note | None  # the coverage rule that decides
    notes: tuple[_Note, ...]

    @property
    def names(self) -> str:
        """Return the names of its rows, with the case."""
        names = _names_of(self.rows, self.what)
        return f"{names}: {self.case}" if self.case else names

    @property
    def code(self) -> str:
        """Return its code as shown on the page."""
        return code_text(self.rows[0])

    @property
    def verdict(self) -> str:
        """Return its verdict as shown on the page."""
        return verdict_text(self.rows[0])

    @property
    def kind(self) -> str:
        """Return its verdict as one of _KINDS."""
        return "denied" if self.rows[0].verdict in NEGATIVE else self.rows[0].verdict


def compare_sheet(found: Comparison) -> Sheet:
    """Return the sheet of a comparison."""
    lines = _lines(found)
    table, packed = _split(found, lines)
    named = _named(lines)
    cited, many = _sources(found), len({row.name for row in found.rows})
    blocks = [
        Block("", () if lines else (_empty(found),)),
        Block("", (_heading(found), *_table(found, table, named)) if table else ()),
        Block("", tuple(_packed(found, packed))),
        Block("Code", tuple(_codes(found)), apart=True),
        Block("Watch", tuple(_watch(lines, packed, named)), apart=True),
        Block("Next", tuple(_next(found)), apart=True),
    ]
    more = [counted(len(cited), "source")] if cited else []
    more += [counted(len(found.tables), "table")] if found.tables else []
    folder = " with your rules" if found.rulebook.folder else ""
    return Sheet(
        title=("", f"{found.about}: {counted(many, found.by)}", _circumstances(found)),
        blocks=tuple(block for block in blocks if block.rows),
        facts=(("compared", found.about),),
        sections=tuple(each for each in _sections(found, cited) if each.details),
        notes=len(_steps(found)) - len({row.rule for row in found.rows if row.rule}),
        more=tuple(more),
        stamp=f"DOS {found.question.service_date}  rules {found.rulebook.sha256[:7]}{folder}",
    )


def _circumstances(found: Comparison) -> str:
    """Return what was given for all rows besides the treatment or payer."""
    asked = found.question
    provider = asked.provider.replace("_", " ") if asked.provider else None
    own = f" ({', '.join(asked.from_settings)}: your settings)" if asked.from_settings else ""
    return ", ".join(filter(None, (asked.setting, asked.state, *asked.diagnoses, provider))) + own


# ------------------------------------------------------------------------------------------------- the table


def code_text(row: ComparedRow) -> str:
    """Return the code of a row or of its cases, a candidate in parentheses, marked if WEAK or disputed."""
    codes = dict.fromkeys(map(_code, row.cases or (row,)))
    marks = [*(["WEAK"] if row.weak else []), *(["disputed"] if row.disputed else [])]
    return " ".join([" / ".join(codes), ", ".join(marks)]).rstrip()


def _code(case: ComparedCase | ComparedRow) -> str:
    return case.code or (f"({case.candidate})" if case.candidate else _NO_CODE)


def verdict_text(row: ComparedRow) -> str:
    """Return the verdict of a row, marked if WEAK."""
    return f"{verdict_in_short(row.verdict)}{' WEAK' if row.verdict_weak else ''}"


def _lines(found: Comparison) -> list[_Line]:
    """Return the rows as lines; rows that differ only in their names share a line."""
    lines: dict[tuple[object, ...], _Line] = {}
    for row in found.rows:
        line = _Line(found.by, (row,), _case(found, row), _why(found, row), tuple(_notes(found, row)))
        key = (line.case, line.code, line.verdict, line.why, line.notes)
        before = lines.get(key)
        lines[key] = structs.replace(line, rows=(*before.rows, row)) if before else line
    return [*lines.values()]


def _split(found: Comparison, lines: Sequence[_Line]) -> tuple[list[_Line], list[_Line]]:
    """Return the lines for the table and the packed ones: whole kinds are packed until the rest fits."""
    table, packed = [*lines], list[_Line]()
    for number in range(1, len(_KINDS) + 1):
        deep = sum(len(wrapped(line.names, _NAME_WIDTH)) for line in table)
        if deep + sum(1 for _ in _packed(found, packed)) <= _MOST_LINES:
            break
        table = [line for line in lines if line.kind not in _KINDS[:number]]
        packed = [line for line in lines if line.kind in _KINDS[:number]]
    return table, packed


def _case(found: Comparison, row: ComparedRow) -> str | None:
    codes = {*map(_code, row.cases)}
    others = (each for each in found.rows if each.name == row.name and each is not row)
    return row.condition if _NO_CODE in codes or any(codes & {*map(_code, each.cases)} for each in others) else None


def _heading(found: Comparison) -> Row:
    return Row("heading", (found.by.capitalize(), "Code", "Paid?"), "strong", must=True, weight=100)


def _empty(found: Comparison) -> Row:
    where = f"of {found.about} on any treatment" if found.by == "treatment" else "of any payer on it"
    return Row("ask", (f"No rule {where} found: ask {_payer(found)}.",), "unsure", must=True, weight=100)


def _payer(found: Comparison) -> str:
    return found.about if found.by == "treatment" else "the payer"


def _table(found: Comparison, lines: Sequence[_Line], named: Collection[_Note]) -> Iterator[Row]:
    """Return the table rows: each line with its own notes; a rule that decides several lines is under the last one."""
    groups: dict[tuple[str, _Note | None], list[_Line]] = {}
    for line in lines:
        groups.setdefault((line.verdict, line.why), []).append(line)
    for (_, why), group in groups.items():
        for line in group:
            yield _row(found, [line], (line.names, line.code, line.verdict))
            if why and line is group[-1]:
                yield _under(why)
            yield from (_under(note) for note in line.notes if note not in named)


def _packed(found: Comparison, lines: Sequence[_Line]) -> Iterator[Row]:
    """Return packed rows: names and codes listed by verdict, each row about one line of the page."""
    by_verdict: dict[str, list[_Line]] = {}
    for line in lines:
        by_verdict.setdefault(line.verdict, []).append(line)
    room = WIDTH - GAP - max(map(width_of, by_verdict), default=0)
    for verdict, of_verdict in by_verdict.items():
        row: list[_Line] = []
        for line in of_verdict:
            if row and width_of(_items([*row, line])) > room:
                yield _row(found, row, (verdict, _items(row)))
                row = []
            row.append(line)
        yield _row(found, row, (verdict, _items(row)))


def _items(lines: Sequence[_Line]) -> str:
    return "; ".join(f"{line.names} {line.code}" for line in lines)


def _row(found: Comparison, lines: Sequence[_Line], cells: tuple[str, ...]) -> Row:
    first, many = lines[0], len(_rows_of(lines))
    tone = TONES[first.rows[0].verdict]
    return Row(found.by, cells, tone, must=True, weight=_WEIGHTS[first.kind], what=found.by, many=many)


def _under(note: _Note) -> Row:
    return Row(note.name, (note.text,), weight=note.weight, under=True)


# ------------------------------------------------------------------------------------------------- the notes


def _why(found: Comparison, row: ComparedRow) -> _Note | None:
    """Return the coverage rule that decides, without the verdict and payer that its line shows already."""
    if row.rule is None:
        return None
    text = row.short or f"rule {row.rule} (cpt explain {row.rule})"
    payer = found.about if found.by == "treatment" else row.name
    text = text.removesuffix(f" ({payer}).").rstrip(".")
    head, colon, rest = text.partition(": ")
    if colon and row.verdict in NEGATIVE and head.casefold() == verdict_in_short(row.verdict):
        text = rest[:1].upper() + rest[1:]
    return _Note("why", f"{text}.", 76 if row.verdict == "conditional" else 65)


def _notes(found: Comparison, row: ComparedRow) -> Iterator[_Note]:
    """Return the notes on a row besides the coverage rule that decides."""
    if row.code_rule:
        yield _Note("why", row.code_short or f"rule {row.code_rule} (cpt explain {row.code_rule})", 74)
    yield from (_Note("watch", each, 60) for each in row.watch)
    if found.by == "treatment" and len({*map(_code, row.cases)}) > 1:
        yield _Note("codes", "; ".join(f"{case.condition}: {_code(case)}" for case in row.cases) + ".", 30)


def _named(lines: Sequence[_Line]) -> dict[_Note, list[_Line]]:
    """Return the notes that several lines share, with these lines."""
    having: dict[_Note, list[_Line]] = {}
    for line in lines:
        for note in line.notes:
            having.setdefault(note, []).append(line)
    return {note: lines for note, lines in having.items() if len(lines) > 1}


def _watch(lines: Sequence[_Line], packed: Sequence[_Line], named: dict[_Note, list[_Line]]) -> Iterator[Row]:
    """Return shared notes once, with the names of their lines; then the notes of packed lines."""
    for note, having in named.items():
        yield _named_row(note, "All" if len(having) == len(lines) else _names_of(_rows_of(having), having[0].what), 71)
    for line in packed:
        yield from (_named_row(note, line.names, note.weight) for note in line.notes if note not in named)


def _named_row(note: _Note, whose: str, weight: int) -> Row:
    text = note.text if note.text.startswith(f"{whose}:") else f"{whose}: {note.text}"
    return Row(note.name, (text,), "caution", weight=weight)


def _rows_of(lines: Sequence[_Line]) -> list[ComparedRow]:
    return [row for line in lines for row in line.rows]


def _names_of(rows: Sequence[ComparedRow], what: str) -> str:
    """Return the names of rows, each once; only their number if there are too many."""
    names = [*dict.fromkeys(row.name for row in rows)]
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{counted(len(names), what)} (--full names them)"


def _codes(found: Comparison) -> Iterator[Row]:
    """Return which code goes with which case of the treatment, and what parentheses mean."""
    cases: dict[str, dict[str, None]] = {}
    for row in found.rows if found.by == "payer" else ():
        for case in row.cases:
            cases.setdefault(case.condition, {})[_code(case)] = None
    if cases:
        text = "; ".join(f"{condition}: {' or '.join(codes)}" for condition, codes in cases.items())
        yield Row("codes", (f"{text}.",), weight=80)
    if any(case.candidate for row in found.rows for case in (row.cases or (row,))):
        yield Row(
            "candidates", ("In parentheses: no code until the product's coding is verified.",), must=True, weight=99
        )


def _next(found: Comparison) -> Iterator[Row]:
    if left_out := ", ".join(_left_out(found)):
        yield Row("left_out", (f"Not shown (--all): {left_out}.",), must=True, weight=97)
    if any(row.verdict == "unknown" for row in found.rows):
        yield Row(
            "ask", (f"Not known: no rule found that pays it. Ask {_payer(found)}.",), "unsure", must=True, weight=99
        )
    if asks := [each for each in found.asks if each in _OPTIONS]:
        yield Row("next", (f"Depends: add {', '.join(asks)}.",), weight=77)
    if found.rows:
        yield Row("next", (f"How to bill: {found.ask_on}",), weight=40)


def _left_out(found: Comparison) -> Iterator[str]:
    if found.without_rule:
        yield f"{counted(found.without_rule, found.by)} without a rule"
    if found.said_elsewhere:
        by_payer = found.by == "payer"
        yield counted(found.said_elsewhere, "contractor" if by_payer else "general name") + " as above" * by_payer


# ------------------------------------------------------------------------------------------------- --full


def _sections(found: Comparison, cited: Sequence[SourceRef]) -> Iterator[Section]:
    """Return the sections for --full: every row, each coverage rule once, and their sources."""
    yield Section("Every row", tuple(_in_full(found, row) for row in found.rows), listed=True)
    yield Section("Coverage rules", tuple(_rule(step) for step in _steps(found)))
    yield Section("Sources", tuple(Detail("source", "", source_line(each)) for each in cited), listed=True)
    yield Section("CMS tables", tuple(Detail("table", "", table_line(each)) for each in found.tables), listed=True)
    yield Section("Rule base", (Detail("rulebook", "version", receipt_text(found.rulebook)),))


def _in_full(found: Comparison, row: ComparedRow) -> Detail:
    name = f"{row.name}: {row.condition}" if row.condition else row.name
    why = _why(found, row)
    notes = " ".join(each.text for each in (*([why] if why else []), *_notes(found, row)))
    text = f"{name}: {code_text(row)} ({row.sure}), {verdict_text(row)}. {notes}"
    return Detail(f"{found.by}_in_full", "", text.rstrip(), ", ".join(rules_of(row)))


def rules_of(row: ComparedRow) -> tuple[str, ...]:
    """Return the ids of the rules of a row, the code rule first."""
    return tuple(dict.fromkeys(filter(None, (row.code_rule, *row.coverage.rules))))


def _steps(found: Comparison) -> list[CoverageStep]:
    return [*{step.rule: step for row in found.rows for step in row.coverage.steps}.values()]


def _rule(step: CoverageStep) -> Detail:
    caveat = f" Caveat: {step.caveat}" if step.caveat else ""
    return Detail("coverage_rule", step.rule, f"{step.says}{caveat}", coverage_cited(step))


def _sources(found: Comparison) -> list[SourceRef]:
    return [*{each.id: each for step in _steps(found) for each in step.sources}.values()]
