"""The answer for a person at a terminal. The only module that knows Rich."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from ..model import Answer, CodeCard, EntryCard, Hits, Listing, PolicyCard, RuleCard, Shown, Step, Verdict
from . import plain
from .controls import without_foreign_controls

Page = Iterator[RenderableType]  # the parts of what a person sees, from top to bottom

_WIDEST = 100
_WIDEST_LABEL = 20
_STACKED_BELOW = 50  # columns; narrower terminals get labels above their text
_TONES: dict[Verdict, str] = {
    "covered": "bold green",
    "conditional": "bold yellow",
    "bundled": "bold red",
    "investigational": "bold red",
    "not_covered": "bold red",
    "unknown": "bold magenta",
}
_LAYERS = {"code_set": "code set", "manufacturer": "manufacturer", "payer": "payer", "clinic": "your rules"}


def show(parts: Page, colour: bool) -> None:
    """Write a page to stdout, as wide as the terminal and no wider than a line one can read."""
    console = Console(
        file=sys.stdout,
        no_color=not colour,
        force_terminal=colour or None,
        color_system="auto" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.width = max(16, min(console.width, _WIDEST))
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    sys.stdout.write(without_foreign_controls(captured.get()))
    sys.stdout.flush()


def page(shown: Shown) -> Page:
    """The page of an answer, part by part."""
    match shown:
        case Answer():
            return _answer(shown)
        case CodeCard():
            return _card(shown)
        case Hits():
            return _hits(shown)
        case Listing():
            return _listing(shown)
        case RuleCard():
            return _rule(shown)
        case PolicyCard():
            return _policy(shown)
        case EntryCard():
            return _entry(shown)


def _answer(answer: Answer) -> Iterator[RenderableType]:
    code = answer.code or "No code"
    yield Text.assemble((code, "bold"), "  ", answer.code_name if answer.code and answer.code_name else "")
    if answer.candidate:
        yield Text.assemble("Candidate ", (answer.candidate, "bold"), f"  {answer.code_name or ''}")
    yield Text.assemble("Decided by: ", (_decider(answer), "bold"), f" - {answer.sure}")
    verdict = answer.coverage.verdict
    yield Text.assemble("Coverage: ", (verdict.replace("_", " "), _TONES[verdict]))
    yield Text(answer.coverage.says)
    yield ""
    yield Text(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in plain.question(answer)), style="dim")
    yield from section("Why this code")
    yield rows(
        (f"{number}. {_LAYERS[step.layer]}", _step_text(step.code, step.replaces, step.applied, step))
        for number, step in enumerate(answer.steps, 1)
    )
    if answer.coverage.steps:
        yield from section("Coverage rules weighed")
        yield rows(
            (
                step.verdict.replace("_", " "),
                _cited(
                    Text(f"{'' if step.decided else 'may apply: '}{step.says}{_caveat(step.caveat)}"),
                    plain.named(step)
                    + f"{step.evidence}, {step.confidence} confidence; {plain.span(step)}; {step.rule}",
                ),
            )
            for step in answer.coverage.steps
        )
    yield from section("On the claim")
    yield rows(
        [
            ("units", Text(answer.units.says)),
            *((each.modifier, Text(each.says)) for each in answer.modifiers),
        ]
    )
    if answer.claim_needs:
        yield from bullets("The claim also needs", answer.claim_needs)
    if answer.warnings:
        yield from bullets("Warnings", answer.warnings, "yellow")
    yield from bullets("Before you bill", answer.before_you_bill)
    yield from bullets("Sources", plain.sources(answer), "dim")
    if answer.tables:
        yield from bullets("CMS tables", [*map(plain.table_line, answer.tables)], "dim")
    yield ""
    yield Text(f"Rule base {plain.receipt(answer)}", style="dim")
    yield Text(answer.summary, style="bold")


def _decider(answer: Answer) -> str:
    if answer.answered_by is None:
        return "nobody yet"
    payer = f" {answer.payer.name}" if answer.payer and answer.answered_by == "payer" else ""
    return _LAYERS[answer.answered_by] + payer


def _step_text(code: str | None, replaces: str | None, applied: bool, step: Step) -> Text:
    head = Text.assemble((code or "no code", "bold"))
    if replaces:
        head.append(f" instead of {replaces}")
    if code and not applied:
        head.append(" (not applied)")
    head.append(f"  {step.says}{_caveat(step.caveat)}")
    return _cited(head, f"{step.evidence}, {step.confidence} confidence; {plain.span(step)}; {step.rule}")


def _caveat(caveat: str | None) -> str:
    return f" Caveat: {caveat}" if caveat else ""


def _cited(text: Text, citation: str) -> Text:
    text.append(f"\n{citation}", style="dim")
    return text


def section(title: str) -> Iterator[RenderableType]:
    """A heading with a blank line above it."""
    yield ""
    yield Text(title, style="bold underline")


class _Beside(NamedTuple):
    """Labels with their texts beside them, or above them on a terminal narrower than `stacked_below`.

    Rich's own table measures every cell, at three times the cost of a page.
    """

    pairs: Sequence[tuple[Text, Text]]
    gap: int
    stacked_below: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if options.max_width < self.stacked_below:
            for label, text in self.pairs:
                yield from (Text(label.plain, style="bold"), text)
            return
        widest = min(max((label.cell_len for label, _ in self.pairs), default=0), _WIDEST_LABEL)
        beside = options.max_width - widest - self.gap
        lines = []
        for label, text in self.pairs:
            labels, texts = (part.wrap(console, width) for part, width in ((label, widest), (text, beside)))
            for left, right in zip_longest(labels, texts, fillvalue=Text()):
                line = left.copy()
                line.pad_right(widest + self.gap - left.cell_len)
                lines.append(line.append_text(right))
        yield Text("\n", no_wrap=True, overflow="ignore").join(lines)


def rows(labelled: Iterable[tuple[str, Text]]) -> RenderableType:
    """Labels with their texts beside them, or above them where the terminal is narrow."""
    return _Beside([(Text(label), text) for label, text in labelled], gap=2, stacked_below=_STACKED_BELOW)


def bullets(title: str, texts: Sequence[str], style: str = "") -> Iterator[RenderableType]:
    """A heading and its texts, each behind a dash."""
    yield from section(title)
    inner = style if style == "dim" else ""
    yield _Beside([(Text("-", style=style), Text(text, style=inner)) for text in texts], gap=1)


def _hits(hits: Hits) -> Iterator[RenderableType]:
    if hits.note:
        end = "" if hits.note.endswith("?") else "."
        yield Text(hits.note[:1].upper() + hits.note[1:] + end, style="yellow")
        yield ""
    yield rows(
        (
            hit.kind,
            _cited(Text.assemble((hit.name, "bold"), f"  {hit.says}"), hit.ask_on),
        )
        for hit in hits.matches
    )
    yield ""
    yield Text(f"Rule base {plain.receipt(hits)}", style="dim")


_CARD_SECTIONS = {
    "What it is": ("summary", "what_is_done", "purpose", "performer", "modality", "named_by_manufacturer"),
    "Counting": ("units", "attendance"),
    "Medicare": ("medicare", "medicare_note", "therapy"),
    "Modifiers": ("therapy_modifiers", "other_modifiers", "modifier_note"),
    "On the claim and on record": ("claim_needs", "documentation", "home_equipment"),
    "Not to be confused with": ("look_alike",),
    "Dates": ("effective", "ends", "replaced_by", "date"),
    "Notes": ("note", "confidence"),
}


def _card(card: CodeCard) -> Iterator[RenderableType]:
    code = card.code
    yield Text.assemble((code.code, "bold"), f"  {code.name}")
    yield Text(f"{code.code_set}, {code.kind}", style="dim")
    if card.read_as:
        yield Text(card.read_as[:1].upper() + card.read_as[1:] + ".", style="yellow")
    for modifier in card.modifiers:
        yield Text.assemble((modifier.modifier, "bold"), f"  {modifier.says}")
    for unknown in card.unknown_modifiers:
        yield Text.assemble((unknown, "bold"), "  not in this rule base")
    if card.on_that_day:
        yield Text(card.on_that_day, style="bold red")
    facts: dict[str, list[str]] = defaultdict(list)
    for name, value in plain.code_facts(card):
        facts[name].append(value)
    for title, names in _CARD_SECTIONS.items():
        held = [(name, facts[name]) for name in names if facts[name]]
        if held:
            yield from section(title)
            yield rows((name.replace("_", " "), Text(_listed(values))) for name, values in held)
    if card.rules:
        yield from section("Payer rules that touch it")
        yield rows(
            (
                rule.payer_name,
                _cited(
                    Text.assemble((rule.effect, "bold" if rule.in_force else "strike"), f"  {rule.says}"),
                    f"{plain.named(rule)}{rule.evidence}, {rule.confidence} confidence; {plain.span(rule)}; {rule.rule}"
                    + ("" if rule.in_force else "; not in force that day"),
                ),
            )
            for rule in card.rules
        )
    if verification := card.coding_verification:
        yield from bullets("Before an equipment code is used", [verification.says, *verification.ask_for])
    if card.warnings:
        yield from bullets("Warnings", card.warnings, "yellow")
    yield from bullets("Sources", [*map(plain.source_line, card.sources)], "dim")
    if card.tables:
        yield from bullets("CMS tables", [*map(plain.table_line, card.tables)], "dim")
    yield ""
    yield Text(f"Last checked {code.checked}. Rule base {plain.receipt(card)}", style="dim")


def _listed(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else "\n".join(f"- {value}" for value in values)


def _listing(listing: Listing) -> Iterator[RenderableType]:
    yield rows((line.id, Text.assemble((line.name, "bold"), f"  {plain.about(line)}")) for line in listing.lines)
    if listing.tables:
        yield from bullets("CMS tables", [*map(plain.table_line, listing.tables)], "dim")
    yield ""
    yield Text(f"{len(listing.lines)} {listing.kind}. Rule base {plain.receipt(listing)}", style="dim")


def _rule(card: RuleCard) -> Iterator[RenderableType]:
    yield Text.assemble((card.rule.id, "bold"), f"  {card.payer_name}")
    yield Text.assemble((card.effect, "bold"), "" if card.in_force else "  (not in force that day)")
    yield from _facts(plain.rule_facts(card), card)


def _policy(card: PolicyCard) -> Iterator[RenderableType]:
    yield Text.assemble((card.policy.id, "bold"), f"  {card.family_name}")
    yield from _facts(plain.policy_facts(card), card)


def _entry(card: EntryCard) -> Iterator[RenderableType]:
    yield Text.assemble((card.entry.id, "bold"), f"  {card.kind.replace('_', ' ')}")
    yield from _facts(plain.entry_facts(card), card)


def _facts(told: Iterable[tuple[str, str]], card: RuleCard | PolicyCard | EntryCard) -> Iterator[RenderableType]:
    """Names and what is said under each, then sources and receipt."""
    yield ""
    facts: dict[str, list[str]] = defaultdict(list)
    for name, value in told:
        facts[name].append(value)
    yield rows((name.replace("_", " "), Text(_listed(values))) for name, values in facts.items())
    yield from bullets("Sources", [*map(plain.source_line, card.sources)], "dim")
    yield ""
    yield Text(f"Rule base {plain.receipt(card)}", style="dim")
