"""What `cpt lookup CODE` shows -> a sheet: what the code is, how to bill it, what Medicare and the payers say."""

from collections.abc import Iterator

from ..advice.wording import first_sentence, headline
from ..model.lookup import CodeCard, RuleLine
from ..rulebook.precedence import is_weak
from .answer import TONES
from .articles import article_rows
from .backing import rules_in_short
from .code_details import sections
from .sheet import Block, Row, Sheet, counted


def code_sheet(card: CodeCard) -> Sheet:
    """Return the sheet of one code."""
    code = card.code
    rules = sorted(card.rules, key=_rank)
    more = [counted(len(card.sources), "source")] if card.sources else []
    more += [counted(len(card.tables), "table")] if card.tables else []
    blocks = [
        Block("Is", tuple(_what(card))),
        Block("Bill", tuple(_bill(card))),
        Block("Medicare", tuple(_medicare(card))),
        Block("Attach", (Row("attach", (code.attach,), weight=70),) if code.attach else ()),
        Block("Not", tuple(Row("look_alike", (each.code, headline(each) or each.says), weight=35)
                           for each in code.look_alikes)),
        Block("Articles", article_rows(card.articles) if card.articles else (), apart=True),
        Block("Payers", tuple(_rule(rule, 60 - n) for n, rule in enumerate(rules)), apart=True),
        Block("Next", (Row("next", (_next(card),), weight=75),)),
    ]  # fmt: skip
    return Sheet(
        title=(code.code, code.name, f"{code.code_set}, {code.kind}"),
        lead=tuple(_lead(card)),
        blocks=tuple(block for block in blocks if block.rows),
        facts=(("code", code.code), ("name", code.name)),
        sections=tuple(sections(card)),
        notes=_notes(card),
        more=tuple(more),
        stamp=f"DOS {card.service_date}  {rules_in_short(card.rulebook)}",
    )


def _rank(rule: RuleLine) -> tuple[bool, ...]:
    """Return what rules are sorted by: those in force, for every provider, on coverage and not weak come first."""
    return (not rule.in_force, bool(rule.providers), rule.verdict is None, is_weak(rule))


def _notes(card: CodeCard) -> int:
    """Return how many texts only --full shows."""
    code = card.code
    return len(code.notes) + len(code.documentation) + len(code.dates) + len(card.devices)


def _lead(card: CodeCard) -> Iterator[Row]:
    if card.read_as:
        yield Row("note", (f"{card.read_as[:1].upper()}{card.read_as[1:]}.",), "caution", must=True)
    if card.on_that_day:
        yield Row("not_on_that_day", (card.on_that_day,), "bad", must=True)
    for modifier in card.modifiers:
        yield Row("modifier", (f"{modifier.modifier}: {headline(modifier) or modifier.says}",), must=True)
    for unknown in card.unknown_modifiers:
        yield Row("modifier", (f"{unknown}: not in our list",), "unsure", must=True)
    for text in card.warnings:
        yield Row("warning", (text,), "caution", weight=55)


def _what(card: CodeCard) -> Iterator[Row]:
    code = card.code
    yield Row("summary", (code.short or first_sentence(code.summary) or code.name,), weight=95)
    if code.purposes:
        yield Row("purpose", (f"For: {', '.join(code.purposes)}.",), weight=65)
    if code.performers:
        who = ", ".join(each.partition(" (")[0] for each in code.performers)
        yield Row("performer", (f"By: {who}.",), weight=64)


def _bill(card: CodeCard) -> Iterator[Row]:
    parts = [card.units_short or card.units_says]
    if card.code.therapy_modifiers:
        parts.append(f"therapy modifier {', '.join(card.code.therapy_modifiers)}")
    yield Row("units", ("; ".join(parts) + ".",), weight=92)
    if attendance := card.code.attendance:
        text = first_sentence(attendance.says)
        yield Row("attendance", (f"Attendance: {text or attendance.level}".rstrip(".") + ".",), weight=58)


def _medicare(card: CodeCard) -> Iterator[Row]:
    if card.code.medicare is None:
        return
    yield Row("medicare", (f"Status {card.status or 'none'}: {card.status_short}",), weight=90)
    therapy = card.code.medicare.therapy
    if therapy and therapy.disposition in ("always", "sometimes"):
        yield Row("therapy", (f"{therapy.disposition.capitalize()} counts as therapy.",), weight=62)


def _rule(rule: RuleLine, weight: int) -> Row:
    weak = " (WEAK)" if is_weak(rule) else ""
    force = "" if rule.in_force else " (not in force on that day)"
    text = (rule.short or f"{rule.effect} (cpt explain {rule.rule})").rstrip(".")
    tone = TONES[rule.verdict] if rule.verdict and rule.in_force else "plain"
    return Row("payer_rule", (rule.payer_short, f"{text}{weak}{force}"), tone, weight=weight)


def _next(card: CodeCard) -> str:
    if card.code.replaced_by:
        return f"Replaced by {', '.join(each.code for each in card.code.replaced_by)}: cpt lookup CODE"
    if card.code.coding_verification:
        return "Never without the product's PDAC coding verification: cpt suggest --setting home"
    return f"cpt suggest --modality {card.code.code} --payer {card.payer or 'NAME'}"
