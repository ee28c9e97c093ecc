"""What --full adds to the page of a code: every fact, payer rule and source."""

from collections.abc import Iterator

from ..model.codes import Code
from ..model.lookup import CodeCard, RuleLine
from .articles import article_details
from .backing import graded, named, receipt_text, source_line, table_line
from .sheet import Detail, Section

Fact = tuple[str, str]
_SECTIONS = {
    "What it is": ("summary", "what_is_done", "purpose", "performer", "modality", "named_by_manufacturer"),
    "Counting": ("units", "attendance"),
    "Medicare": ("medicare", "medicare_note", "therapy"),
    "Modifiers": ("therapy_modifiers", "other_modifiers", "modifier_note"),
    "On the claim and on record": ("claim_needs", "documentation", "home_equipment"),
    "Not to be confused with": ("look_alike",),
    "Dates": ("effective", "ends", "replaced_by", "date"),
    "Notes": ("note", "confidence"),
}


def sections(card: CodeCard) -> Iterator[Section]:
    """Return the sections of a code, without empty ones."""
    facts = [*code_facts(card)]
    for title, names in _SECTIONS.items():
        details = tuple(Detail(name, name.replace("_", " "), value) for name, value in facts if name in names)
        if details:
            yield Section(title, details)
    every = (
        Section("Payer rules about it", tuple(map(_rule, card.rules))),
        Section("Medicare's articles", tuple(article_details(card.articles)) if card.articles else ()),
        Section("Before an equipment code is used", tuple(_verification(card)), listed=True),
        Section("Warnings", tuple(Detail("warning", "", text) for text in card.warnings), listed=True),
        Section("Sources", tuple(Detail("source", "", source_line(each)) for each in card.sources), listed=True),
        Section("CMS tables", tuple(Detail("table", "", table_line(each)) for each in card.tables), listed=True),
        Section("Rule base", (Detail("checked", "checked", card.code.checked.isoformat()),
                              Detail("rulebook", "version", receipt_text(card.rulebook)))),
    )  # fmt: skip
    yield from (section for section in every if section.details)


def _rule(rule: RuleLine) -> Detail:
    when = "" if rule.in_force else " (not in force on that day)"
    text = f"{rule.payer_name}: {rule.effect}{when}: {rule.says}"
    return Detail("payer_rule", rule.payer_short, text, f"{named(rule)}{graded(rule)}; rule {rule.rule}")


def _verification(card: CodeCard) -> Iterator[Detail]:
    if verification := card.coding_verification:
        yield Detail("coding_verification", "", verification.says)
        for each in verification.ask_for:
            yield Detail("ask_for", "", each)


def code_facts(card: CodeCard) -> Iterator[Fact]:
    """Return the facts of a code, in the order in which a biller reads them."""
    code: Code = card.code
    yield "summary", code.summary
    if code.what_is_done:
        yield "what_is_done", code.what_is_done
    for name, values in (("purpose", code.purposes), ("performer", code.performers)):
        for value in values:
            yield name, value
    if code.attendance:
        yield "attendance", f"{code.attendance.level}: {code.attendance.says}"
    yield "units", card.units_says
    if medicare := code.medicare:
        yield "medicare", f"status {card.status or 'none'}: {card.status_says}"
        for note in medicare.notes:
            weak = "" if note.confidence == "high" else f" [{note.confidence} confidence]"
            yield "medicare_note", note.says + weak
        if medicare.therapy:
            therapy = medicare.therapy
            disposition = therapy.disposition.replace("_", " ")
            edition = f", edition {therapy.edition}" if therapy.edition else ""
            yield "therapy", f"{disposition} ({therapy.confidence} confidence{edition}): {therapy.says}"
    if code.therapy_modifiers:
        yield "therapy_modifiers", ", ".join(code.therapy_modifiers)
    yield from (("other_modifiers", each) for each in code.other_modifiers)
    if code.modifier_note:
        yield "modifier_note", code.modifier_note
    for name, values in (
        ("claim_needs", code.claim_needs),
        ("documentation", code.documentation),
        ("home_equipment", code.home_equipment),
        ("modality", card.modalities),
        ("named_by_manufacturer", card.devices),
        ("note", code.notes),
    ):
        for value in values:
            yield name, value
    for alike in code.look_alikes:
        yield "look_alike", f"{alike.code}: {alike.says}"
    for successor in code.replaced_by:
        yield "replaced_by", f"{successor.code}: {successor.says}"
    for event in code.dates:
        yield "date", f"{event.date}: {event.event} ({event.confidence} confidence)"
    if code.effective:
        yield "effective", code.effective.isoformat()
    if code.ends:
        yield "ends", code.ends.isoformat()
    yield "confidence", code.confidence
