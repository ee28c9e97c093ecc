"""What goes around the code: modifiers, warnings, and what to do before the claim is sent."""

from datetime import date

from ..model import Code, DiagnosisList, ModifierAnswer, Rule
from ..rulebook.precedence import is_in_force, is_weak
from .coverage import NEGATIVE, Decided, hanging_on_lists
from .draft import Draft
from .matching import Match, diagnosis_hit, match
from .receipts import stale
from .wording import VERDICTS, weakness

_FINAL_SAY = "The payer has the final say: when it tells you otherwise, follow it and keep the letter."


def modifiers(draft: Draft, decided: Decided, known: Code | None) -> tuple[ModifierAnswer, ...]:
    """The modifiers the payer asks for with this code, then those that say who pays after a denial."""
    answers: dict[str, ModifierAnswer] = {}
    for rule, held in draft.rules(draft.case(frozenset([known.code] if known else []))):
        choice = _for_code(rule, known)
        only = f"only if {'; '.join(held.asks)}: " if held.truth == "open" else ""
        one_of = f"one of {', '.join(choice)}: " if len(choice) > 1 else ""
        for each in (*rule.modifiers, *choice):
            modifier = draft.book.modifier(each)
            says = f"{only}{one_of if each in choice else ''}{modifier.says if modifier else rule.says}"
            required = held.truth == "yes"
            if required or each not in answers:
                answers[each] = ModifierAnswer(modifier=each, says=says, required=required, rule=rule.id)
    for weighed in decided.rules:
        if weighed.rule.verdict in NEGATIVE:
            where = "if so: " if weighed.match.truth == "yes" else "where it is not covered, and if so: "
            for note in weighed.rule.liability:
                answers.setdefault(
                    note.modifier,
                    ModifierAnswer(
                        modifier=note.modifier, says=where + note.says, required=False, rule=weighed.rule.id
                    ),
                )
    return tuple(answers.values())


def _for_code(rule: Rule, known: Code | None) -> tuple[str, ...]:
    """Of the modifiers of which one is wanted, those that the code's own list has, where it has any of them."""
    listed = tuple(each for each in rule.one_of_modifiers if known and each in known.therapy_modifiers)
    return listed or rule.one_of_modifiers


def warn(draft: Draft, decided: Decided, today: date) -> None:
    """What the rules do not know, what has ended, what is old, and how weak a list is."""
    case = draft.case()
    for payer in draft.chain:
        for rule in draft.book.service_rules_of(payer):
            held = match(draft.book, rule.applies, case)
            if held.truth == "no" or (held.truth == "open" and rule.code and not _concerns(draft, rule)):
                continue
            _warn_of_rule(draft, rule)
    about = hanging_on_lists(draft.book, draft.chain, case)
    lists = dict.fromkeys(key for weighed in about for key in weighed.applies.diagnoses)
    for key in lists if draft.question.diagnoses else ():
        listed = draft.book.diagnosis_list(key)
        if listed:
            hit, _ = diagnosis_hit(draft.book, [key], draft.question.diagnoses)
            found = f"{hit} is on" if hit else f"{', '.join(draft.question.diagnoses)} is not on"
            as_listed = _entry(listed, hit) if hit else ""
            draft.warnings.append(f"{found} the list {listed.name!r}{as_listed}. {listed.caveat}")
    facts = [(f"The {step.layer.replace('_', ' ')} fact {step.rule}", step.checked) for step in draft.steps]
    facts += [(f"The coverage rule {step.rule}", step.checked) for step in decided.coverage.steps if step.checked]
    draft.warnings += filter(None, (stale(draft.book, name, checked, today) for name, checked in facts))


def warn_beside(draft: Draft, decided: Decided) -> None:
    """What nobody told and no rule knows: who else treated, what a diagnosis changed, that the payer is silent."""
    if draft.question.payer and not decided.coverage.steps and not any(draft.rules(draft.case())):
        draft.warnings.append(
            f"{draft.payer}: no payer rule about this is known; the answer comes from the code set and the "
            "manufacturer alone."
        )
    if draft.question.diagnoses and not hanging_on_lists(draft.book, draft.chain, draft.case()):
        told = ", ".join(draft.question.diagnoses)
        draft.warnings.append(f"No rule here weighs a diagnosis for this: {told} changed nothing.")
    for each in decided.aside:
        verdict = VERDICTS[each.rule.verdict or "unknown"]
        draft.warnings.append(f"If {'; '.join(each.match.asks)}: {verdict} (rule {each.rule.id}).")


def _entry(listed: DiagnosisList, hit: str) -> str:
    """What a list says of a diagnosis on it, and from which older code it was derived."""
    for entry in listed.diagnoses:
        if hit == entry.icd10 or (entry.match == "prefix" and hit.startswith(entry.icd10)):
            derived = f"derived from {entry.derived_from}" if entry.derived_from else None
            return f" ({'; '.join(filter(None, (entry.says, entry.group, derived)))})"
    return ""


def _concerns(draft: Draft, rule: Rule) -> bool:
    """Whether the rule would replace a code that a layer named."""
    return bool(draft.named & {*rule.replaces})


def _warn_of_rule(draft: Draft, rule: Rule) -> None:
    name, day = draft.payer_name(rule.payer), draft.question.service_date
    if rule.position_unknown and is_in_force(rule, day):
        draft.contested = draft.contested or not rule.applies.therapy
        draft.warnings.append(f"{name}, rule {rule.id}: {rule.says} Its position is not known here.")
    if (rule.code and _concerns(draft, rule)) or rule.verdict:
        if rule.ends and rule.ends < day:
            draft.warnings.append(f"{name}: rule {rule.id} ended on {rule.ends} and is not applied.")
        elif rule.effective and rule.effective > day:
            draft.warnings.append(f"{name}: rule {rule.id} starts on {rule.effective} and is not applied yet.")


def prepare(draft: Draft, decided: Decided, known: Code | None) -> None:
    """What to find out, to keep on record and to ask for before the claim is sent."""
    first = [f"Find out {ask}: coverage hangs on it." for ask in decided.asks if "(--diagnosis)" in ask]
    if draft.resolved:
        first.append(draft.resolved)
    if any(step.replaces and step.applied and step.layer != "manufacturer" for step in draft.steps):
        first.append("Another code does not create coverage: what is not covered stays so, whatever the code.")
    for weighed in decided.rules:
        first += [f"Exception in rule {weighed.rule.id}: {each}." for each in weighed.rule.exceptions]
    draft.before_you_bill[:0] = first
    for rule, held in draft.rules(draft.case()):
        draft.before_you_bill += limits(draft, rule, held)
        if rule.disputed:
            draft.warnings.append(f"Disputed: {rule.disputed}")
        if rule.not_modelled:
            draft.warnings.append(f"Not modelled: {rule.not_modelled}")
    modality = draft.book.modality(draft.settled.modality)
    if decided.coverage.verdict == "unknown" and modality and draft.question.setting == "clinic":
        schedule = any((payer := draft.book.payer(key)) and payer.fee_schedule for key in draft.chain)
        if note := modality.medicare_note if schedule else modality.other_payers_note:
            draft.before_you_bill.append(f"{draft.payer if schedule else 'Payers in general'}, as noted: {note}")
    if known and known.documentation:
        draft.before_you_bill.append(f"Keep on record: {'; '.join(known.documentation)}.")
    draft.before_you_bill.append(_FINAL_SAY)


def limits(draft: Draft, rule: Rule, held: Match) -> list[str]:
    """What a rule says of units, authorization and payment in its own words, with how sure and if what."""
    only = f" (only if {'; '.join(held.asks)})" if held.truth == "open" else ""
    weak = f" [{weakness(rule.evidence, rule.confidence)}]" if is_weak(rule) else ""
    labelled = (
        ("Unit limit", rule.unit_limit),
        ("Prior authorization", rule.prior_authorization),
        ("Payment", rule.payment),
    )
    payer = draft.payer_name(rule.payer)
    return [f"{label}, {payer}: {text.rstrip('.')}{only}{weak}." for label, text in labelled if text]
