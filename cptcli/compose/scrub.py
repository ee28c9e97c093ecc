"""The summary of `cpt scrub` -> its sheet: lines, money, what to fix, what was not checked. No patient is on it."""

from collections.abc import Iterator, Sequence

from ..model.scrub import Count, FileRead, RuleCount, ScrubSummary, WorstClaim
from .page import Page
from .sheet import Block, Row, Sheet, Tone, counted

_BAR = 20  # marks of the longest bar
_MOST_SHOWN = 10  # of each kind, without `full`
_LABELS = {"block": "Fix", "warn": "Review", "info": "Note"}
_TONES: dict[str, Tone] = {"block": "bad", "warn": "caution", "info": "plain"}


def scrub_page(found: ScrubSummary, full: bool) -> Page:
    """Return the page of a run; `full` lists all of each kind, and payers, codes and the worst claims."""
    most = None if full else _MOST_SHOWN
    blocks = [
        Block("Lines", tuple(_lines(found))),
        Block("Charges", tuple(_charges(found))),
        *(Block(_LABELS[severity], tuple(_rules(found, severity, most))) for severity in _LABELS),
        Block("Unchecked", tuple(_not_checked(found, most))),
    ]
    if full:
        blocks += [
            Block("By payer", tuple(_bars("payer", found.payers))),
            Block("By code", tuple(_bars("code", found.codes))),
            Block("Worst", tuple(_worst(found.worst))),
        ]
    blocks.append(Block("Files", tuple(_files(found.files, most))))
    folder = " with your rules" if found.rulebook.folder else ""
    own = f"  ({', '.join(found.from_settings)}: your settings)" if found.from_settings else ""
    sheet = Sheet(
        title=("", _title(found), ""),
        lead=tuple(_lead(found)),
        blocks=tuple(block for block in blocks if block.rows),
        stamp=f"rules {found.rulebook.sha256[:7]}{folder}{own}",
    )
    return Page(sheet, lines=None, full=True)


def _title(found: ScrubSummary) -> str:
    name = found.files[0].name if len(found.files) == 1 else f"{len(found.files)} files"
    return f"{name}: {_many(found.lines)} read"


def _many(lines: int) -> str:
    return f"{lines:,} line{'' if lines == 1 else 's'}"


def _lead(found: ScrubSummary) -> Iterator[Row]:
    if found.nothing_to_check:
        why = f" ({found.not_checked[0].name})" if found.not_checked else ""
        yield Row("nothing", (f"NOTHING TO CHECK{why}. This does not mean that the file is clean.",), "bad", must=True)


def _lines(found: ScrubSummary) -> Iterator[Row]:
    missed = found.lines - found.checked
    yield Row("checked", (f"{found.checked:,} checked: {found.clean:,} clean, {found.block:,} to fix, "
                          f"{found.warn:,} to review.",))  # fmt: skip
    if missed:
        yield Row("not_checked", (f"{missed:,} NOT CHECKED: see Unchecked.",), "unsure")
    if found.days:
        days = f"{found.days:,} patient day{'' if found.days == 1 else 's'}"
        yield Row("days", (f"{days}, judged together by payer and billing provider.",), "dim")


def _charges(found: ScrubSummary) -> Iterator[Row]:
    if found.charge is not None:
        yield Row(
            "charge", (f"${_money(found.charge_affected)} of ${_money(found.charge)} is on lines to fix or review.",)
        )


def _money(amount: str | None) -> str:
    return f"{float(amount or 0):,.2f}"


def _rules(found: ScrubSummary, severity: str, most: int | None) -> Iterator[Row]:
    rules: Sequence[RuleCount] = [each for each in found.findings if each.severity == severity]
    longest = max((each.lines for each in found.findings), default=1)
    for each in rules[:most]:
        cells = (f"{each.lines:,}", each.rule or "no rule", _bar(each.lines, longest), _dollars(each.charge))
        yield Row("rule", cells, _TONES[severity])
        yield Row("says", (f"As {each.says}",), "dim", under=True)
    yield from _rest(len(rules), most, "rule")


def _rest(many: int, most: int | None, what: str) -> Iterator[Row]:
    if most is not None and many > most:
        yield Row("more", (f"{counted(many - most, f'more {what}')}: --html or --json has all.",), "dim")


def _dollars(amount: str | None) -> str:
    return f"${_money(amount)}" if amount is not None else ""


def _bar(number: int, longest: int) -> str:
    return "█" * max(1, round(number * _BAR / max(1, longest))) if number else ""


def _not_checked(found: ScrubSummary, most: int | None) -> Iterator[Row]:
    for each in found.not_checked[:most]:
        yield Row("reason", (f"{each.lines:,}", f"{each.name} (whole line)"), "unsure")
    yield from _rest(len(found.not_checked), most, "reason")
    unread = sum(each.unread for each in found.files)
    if unread:
        yield Row("unread", (f"{unread:,}", "not professional, or not readable: see Files"), "unsure")
    for each in found.unchecked[:most]:
        yield Row("point", (f"{each.lines:,}", each.name), "dim")
    yield from _rest(len(found.unchecked), most, "point")


def _bars(name: str, counts: Sequence[Count]) -> Iterator[Row]:
    longest = max((each.found for each in counts), default=1)
    for each in counts:
        lines = f"{each.found:,} of {each.lines:,}"
        yield Row(name, (each.name, lines, _bar(each.found, longest), _dollars(each.charge if each.found else None)))


def _worst(claims: Sequence[WorstClaim]) -> Iterator[Row]:
    files = {each.file for each in claims}
    for each in claims:
        name = each.claim if len(files) == 1 else f"{each.file}: {each.claim}"
        what = f"{each.block} to fix, {each.warn} to review"
        yield Row("claim", (name, what, _dollars(each.charge), ", ".join(each.rules)))


def _files(files: Sequence[FileRead], most: int | None) -> Iterator[Row]:
    for each in files:
        how = f", columns: {each.columns}" if each.columns else ""
        yield Row("file", (f"{each.name}: {each.kind}, {_many(each.lines)}{how}",), "dim")
        for what in each.oddities[:most]:
            yield Row("odd", (what,), "caution", under=True)
        yield from _rest(len(each.oddities), most, "oddity")
