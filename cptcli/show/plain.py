"""One fact a line, `name: value`: for scripts, pipes and screen readers. The first lines are the answer."""

from collections.abc import Iterator

from ..model import (
    Answer,
    BypassPlace,
    Clash,
    Code,
    CodeCard,
    CoverageStep,
    DeviceLine,
    EntryCard,
    Example,
    Hits,
    Listing,
    ModalityLine,
    PayerLine,
    Policy,
    PolicyCard,
    Receipt,
    Rule,
    RuleCard,
    RuleLine,
    Shown,
    Source,
    SourceRef,
    Step,
    Table,
)

Line = tuple[str, str]


def lines(shown: Shown) -> Iterator[str]:
    """The lines of an answer, without line ends."""
    for name, value in _facts(shown):
        yield f"{name}: {' '.join(value.split())}"


def _facts(shown: Shown) -> Iterator[Line]:
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


def _answer(answer: Answer) -> Iterator[Line]:
    yield "code", answer.code or "none"
    if answer.candidate:
        yield "candidate", answer.candidate
    yield "answered_by", answer.answered_by or "nobody"
    yield "sure", answer.sure
    yield "coverage", answer.coverage.verdict
    yield "summary", answer.summary
    yield "coverage_says", answer.coverage.says
    yield from question(answer)
    for step in answer.steps:
        yield "step", step_line(step)
    for weighed in answer.coverage.steps:
        yield "coverage_step", coverage_line(weighed)
    yield "units", answer.units.says
    for modifier in answer.modifiers:
        yield "modifier", f"{modifier.modifier} {'required' if modifier.required else 'not always'}: {modifier.says}"
    yield from (("claim_needs", each) for each in answer.claim_needs)
    yield from (("warning", each) for each in answer.warnings)
    yield from (("before_you_bill", each) for each in answer.before_you_bill)
    for source in sources(answer):
        yield "source", source
    yield from (("table", table_line(each)) for each in answer.tables)
    yield "rulebook", receipt(answer)


def question(answer: Answer) -> Iterator[Line]:
    """What was asked, as it was understood."""
    asked = answer.question
    for name in ("modality", "device", "payer", "state"):
        if value := getattr(asked, name):
            yield name, value
    if answer.payer and answer.payer.id != asked.payer:
        yield "resolved", answer.payer.id
    yield "setting", asked.setting
    if asked.diagnoses:
        yield "diagnoses", ", ".join(asked.diagnoses)
    yield "service_date", asked.service_date.isoformat()


def span(step: Step | CoverageStep | RuleLine | Rule | Policy) -> str:
    """From when to when, and when somebody last looked."""
    since = f"from {step.effective}" if step.effective else "start not known"
    until = f" to {step.ends}" if step.ends else ""
    return f"{since}{until}, checked {step.checked}"


def named(rule: CoverageStep | RuleLine) -> str:
    """The payer's own name for the document, where it has one."""
    return f"{rule.policy}; " if rule.policy else ""


def step_line(step: Step) -> str:
    """A step of the rationale on one line."""
    replaces = f" instead of {step.replaces}" if step.replaces else ""
    code = step.code or "no code"
    over = "" if step.applied or step.code is None else " (not applied)"
    caveat = f" Caveat: {step.caveat}" if step.caveat else ""
    ids = ", ".join(source.id for source in step.sources) or "no source"
    return (
        f"{step.layer} {code}{replaces}{over}: {step.says}{caveat} "
        f"[{step.evidence}, {step.confidence} confidence; {span(step)}; rule {step.rule}; {ids}]"
    )


def coverage_line(step: CoverageStep) -> str:
    """A coverage rule on one line."""
    role = "decides" if step.decided else "may apply"
    ids = ", ".join(source.id for source in step.sources) or "no source"
    caveat = f" Caveat: {step.caveat}" if step.caveat else ""
    return (
        f"{step.verdict} {role}: {step.says}{caveat} [{named(step)}{step.evidence}, {step.confidence} confidence; "
        f"{span(step)}; rule {step.rule}; {ids}]"
    )


def sources(answer: Answer) -> list[str]:
    """Every source of the answer once, in the order it was met."""
    met = {each.id: each for step in answer.steps for each in step.sources}
    met |= {each.id: each for step in answer.coverage.steps for each in step.sources}
    return [source_line(each) for each in met.values()]


def source_line(source: SourceRef | Source) -> str:
    """A document on one line; where all of it is known, also how much of it was read."""
    about = [source.publisher, source.date or "undated"]
    if isinstance(source, Source):
        about += [f"read: {source.read}" if source.read else None, source.evidence]
    note = f" {source.note}" if isinstance(source, Source) and source.note else ""
    return f"{source.id}: {source.title} ({'; '.join(filter(None, about))}) {source.url or ''}{note}".rstrip()


def table_line(table: Table) -> str:
    """One of CMS's tables on one line: its edition, where it was taken from, and what to beware of."""
    named = f" [{', '.join(table.sources)}]" if table.sources else ""
    return (
        f"{table.title}: {table.edition}, {table.confidence} confidence; taken from {table.taken_from}. "
        f"{table.caveat}{named}"
    )


def receipt(shown: Shown) -> str:
    """Which rule base answered."""
    return receipt_text(shown.rulebook)


def receipt_text(held: Receipt) -> str:
    """A rule base's version, its hash, and the folder laid over it."""
    folder = f" with the rules of {held.folder}" if held.folder else ""
    return f"{held.version} sha256 {held.sha256[:16]}{folder}"


def _hits(hits: Hits) -> Iterator[Line]:
    if hits.note:
        yield "note", hits.note
    for hit in hits.matches:
        yield hit.kind, f"{hit.id}: {hit.name}: {hit.says} [{hit.ask_on}]"
    yield "rulebook", receipt(hits)


def _card(card: CodeCard) -> Iterator[Line]:
    code = card.code
    yield "code", code.code
    yield "name", code.name
    if card.read_as:
        yield "note", card.read_as
    for modifier in card.modifiers:
        yield "modifier", f"{modifier.modifier}: {modifier.says}"
    for unknown in card.unknown_modifiers:
        yield "modifier", f"{unknown}: not in this rule base"
    if card.on_that_day:
        yield "not_on_that_day", card.on_that_day
    yield from code_facts(card)
    for rule in card.rules:
        yield "payer_rule", rule_line(rule)
    if verification := card.coding_verification:
        yield "coding_verification", f"{verification.says} Ask the manufacturer for {'; '.join(verification.ask_for)}."
    yield from (("warning", each) for each in card.warnings)
    for source in card.sources:
        yield "source", source_line(source)
    yield from (("table", table_line(each)) for each in card.tables)
    yield "checked", code.checked.isoformat()
    yield "rulebook", receipt(card)


def rule_line(rule: RuleLine) -> str:
    """A payer's rule on one line."""
    when = "" if rule.in_force else " (not in force that day)"
    return (
        f"{rule.payer_name}: {rule.effect}{when}: {rule.says} "
        f"[{named(rule)}{rule.evidence}, {rule.confidence} confidence; {span(rule)}; rule {rule.rule}]"
    )


def code_facts(card: CodeCard) -> Iterator[Line]:
    """What a code is, in the order in which a biller reads it."""
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


# ------------------------------------------------------------------------------------------- lists, one rule


def _listing(listing: Listing) -> Iterator[Line]:
    for line in listing.lines:
        yield listing.kind, f"{line.id}: {line.name}: {about(line)}"
    yield from (("table", table_line(each)) for each in listing.tables)
    yield "rulebook", receipt(listing)


def about(line: DeviceLine | PayerLine | ModalityLine) -> str:
    """What a list says of one entry, beside its name."""
    match line:
        case DeviceLine():
            codes = f" {', '.join(line.codes)}" if line.codes else ""
            refused = f"; refused: {', '.join(line.refused_codes)}" if line.refused_codes else ""
            fda = f"; FDA: {line.fda.rstrip('.')}" if line.fda else ""
            return (
                f"{line.manufacturer}; {line.modality}, {' and '.join(line.settings)}; manufacturer "
                f"{line.stance.replace('_', ' ')}{codes}{refused}{fda}; {line.evidence}, {line.confidence} confidence"
            )
        case PayerLine():
            states = f", {', '.join(line.states)}" if line.states else ""
            below = f", below {line.parent}" if line.parent else ""
            rules = f"{line.rules} rule{'' if line.rules == 1 else 's'} of its own" if line.rules else "no rule known"
            checked = f", checked {line.checked}" if line.checked else ""
            return f"{line.kind}{below}{states}; {rules}{checked}"
        case ModalityLine():
            if line.ask is None:
                return line.code or "no code known"
            return f"{line.ask} " + "; ".join(f"{answer}: {leads}" for answer, leads in line.answers)


def _rule(card: RuleCard) -> Iterator[Line]:
    rule = card.rule
    yield "rule", rule.id
    yield "payer", card.payer_name
    yield "effect", card.effect
    yield from rule_facts(card)
    for source in card.sources:
        yield "source", source_line(source)
    yield "rulebook", receipt(card)


def rule_facts(card: RuleCard) -> Iterator[Line]:
    """Everything a rule says, in the order in which one reads it."""
    rule = card.rule
    yield "says", rule.says
    for name, values in (
        ("devices", rule.applies.devices),
        ("manufacturers", rule.applies.manufacturers),
        ("modalities", rule.applies.modalities),
        ("codes", rule.applies.codes),
        ("diagnoses", rule.applies.diagnoses),
        ("settings", rule.applies.settings),
        ("states", rule.applies.states),
        ("providers", rule.applies.providers),
        ("disciplines", rule.applies.disciplines),
        ("claims", rule.applies.claims),
        ("care", filter(None, (rule.applies.care,))),
        ("abn", filter(None, (rule.applies.abn,))),
        ("assistant", ("an assistant's part",) if rule.applies.assistant else ()),
    ):
        if told := ", ".join(values):
            yield f"applies_to_{name}", told
    if rule.applies.therapy:
        yield "applies_to_therapy", rule.applies.therapy
    if rule.applies.condition:
        yield "only_if", rule.applies.condition
    for name in ("unit_limit", "prior_authorization", "payment", "policy", "source_date", "caveat", "disputed",
                 "not_modelled"):  # fmt: skip
        if value := getattr(rule, name):
            yield name, value
    yield from (("claim_needs", each) for each in rule.claim_needs)
    yield from (("exception", each) for each in rule.exceptions)
    yield from (("liability", f"{each.modifier}: {each.says}") for each in rule.liability)
    yield from (("fact", f"{each.says} [{each.confidence} confidence]") for each in rule.facts)
    yield "how_sure", f"{rule.evidence} evidence, {rule.confidence} confidence"
    yield "in_force", f"{'yes' if card.in_force else 'no'} on that day: {span(rule)}"
    if rule.binding:
        yield "binding", "no contractor or plan below may overrule it"
    yield from _written_in(card)
    yield from examples(rule.examples)


def _written_in(card: RuleCard | PolicyCard | EntryCard) -> Iterator[Line]:
    if card.place:
        own = not isinstance(card, EntryCard) and card.own
        yield "written_in", f"{'your folder, ' if own else ''}{card.place}"


def examples(held: tuple[Example, ...]) -> Iterator[Line]:
    """The examples beside a rule or policy."""
    for example in held:
        asks = ", ".join(f"{key} {value}" for key, value in example.asks.items())
        gives = ", ".join(f"{key} {value}" for key, value in example.gives.items())
        yield "example", f"{asks} -> {gives}{f' ({example.because})' if example.because else ''}"


def _policy(card: PolicyCard) -> Iterator[Line]:
    yield "policy", card.policy.id
    yield "family", card.family_name
    yield from policy_facts(card)
    for source in card.sources:
        yield "source", f"{source.id}: {source.title} ({source.date or 'undated'}) {source.url or ''}".rstrip()
    yield "rulebook", receipt(card)


def policy_facts(card: PolicyCard) -> Iterator[Line]:
    """Everything a policy says, in the order in which one reads it."""
    policy = card.policy
    yield "says", policy.says
    yield "codes", ", ".join(policy.codes)
    if policy.together_with:
        yield "together_with", ", ".join(policy.together_with)
    outcome = policy.outcome.replace("_", " ")
    yield "outcome", f"{outcome} {policy.at_most}" if policy.at_most is not None else outcome
    if policy.modifiers:
        yield "modifiers", f"{' or '.join(policy.modifiers)} on {policy.modifier_on.replace('_', ' ')}"
    for name in ("record", "region", "caveat", "not_modelled"):
        if value := getattr(policy, name):
            yield name, value
    if policy.same_discipline is not None:
        yield "same_discipline", "yes" if policy.same_discipline else "no"
    if policy.only_if_not_distinct:
        yield "only_if", "somebody says that it was no separate service"
    for name, values in (("disciplines", policy.disciplines), ("claims", policy.claims), ("payers", card.payers)):
        if values:
            yield name, ", ".join(values)
    yield "how_sure", f"{policy.evidence} evidence, {policy.confidence} confidence"
    yield "in_force", f"{'yes' if card.in_force else 'no'} on that day: {span(policy)}"
    yield from _written_in(card)
    yield from examples(policy.examples)


def _entry(card: EntryCard) -> Iterator[Line]:
    yield card.kind, card.entry.id
    yield from entry_facts(card)
    yield from (("source", source_line(source)) for source in card.sources)
    yield "rulebook", receipt(card)


def entry_facts(card: EntryCard) -> Iterator[Line]:
    """Everything an entry says, in the order in which it is written; what it leaves out is left out."""
    aside = ("id", "order", "sources", "evidence", "confidence")
    for name in card.entry.__struct_fields__:
        value = getattr(card.entry, name)
        if name not in aside and value and value != card.entry.id:
            yield name, _told(value)
    graded = [f"{getattr(card.entry, grade)} {grade}" for grade in aside[-2:] if hasattr(card.entry, grade)]
    if graded:
        yield "how_sure", ", ".join(graded)
    yield from _written_in(card)


def _told(value: object) -> str:
    match value:
        case True:
            return "yes"
        case Clash():
            since = f" (from {value.effective})" if value.effective else ""
            return f"{', '.join(value.modifiers)}: {value.says}{since}"
        case BypassPlace():
            return f"{value.line.replace('_', ' ')} from {value.effective or 'the beginning'}"
        case Policy():
            return value.id
        case tuple() | dict():
            return ("; " if isinstance(value, tuple) and isinstance(value[0], Clash) else ", ").join(map(_told, value))
        case _:
            return str(value)
