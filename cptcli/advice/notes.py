"""What goes with the code: modifiers, warnings, and what to do before the claim is sent."""

from datetime import date

from ..model.answer import ModifierAnswer, Remark
from ..model.codes import Code
from ..model.devices import Modality
from ..model.rules import DiagnosisList, Rule
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_in_force, is_weak, specificity
from .citations import stale
from .code_decision import CodeDecision
from .coverage import NEGATIVE, CoverageDecision, rules_with_lists
from .matching import Match, diagnosis_hit, match
from .wording import VERDICTS, first_sentence, headline, weakness

_FINAL_SAY = "The payer has the final say: when it says otherwise, follow it and keep the letter."


def modifiers(draft: CodeDecision, decided: CoverageDecision, known: Code | None) -> tuple[ModifierAnswer, ...]:
    """Return the modifiers that the payer asks for with this code, then those that say who pays after a denial."""
    answers: dict[str, ModifierAnswer] = {}
    for rule, found in draft.rules(draft.case(frozenset([known.code] if known else []))):
        choice = _for_code(rule, known)
        only = f"only if {_words(found)}: " if found.truth == "open" else ""
        one_of = f"one of {', '.join(choice)}: " if len(choice) > 1 else ""
        for each in (*rule.modifiers, *choice):
            modifier = draft.book.modifier(each)
            says = f"{only}{one_of if each in choice else ''}{modifier.says if modifier else rule.says}"
            required = found.truth == "yes"
            if required or each not in answers:
                answers[each] = ModifierAnswer(modifier=each, says=says, required=required, rule=rule.id,
                                               one_of=choice if each in choice else (each,))  # fmt: skip
    for ranked in decided.rules:
        if ranked.rule.verdict in NEGATIVE:
            where = "if so: " if ranked.match.truth == "yes" else "where it is not covered, and if so: "
            for note in ranked.rule.liability:
                answers.setdefault(
                    note.modifier,
                    ModifierAnswer(modifier=note.modifier, says=where + note.says, required=False, rule=ranked.rule.id),
                )
    return tuple(answers.values())


def _for_code(rule: Rule, known: Code | None) -> tuple[str, ...]:
    """Return the modifiers to choose one from: those on the code's own list; the rule's whole list if none is on it."""
    listed = tuple(each for each in rule.one_of_modifiers if known and each in known.therapy_modifiers)
    return listed or rule.one_of_modifiers


def _words(found: Match) -> str:
    return "; ".join(map(str, found.asks))


def warn(draft: CodeDecision, decided: CoverageDecision, today: date) -> None:
    """Add warnings: unknown positions, rules that ended or have not started, old facts, and diagnosis lists."""
    warn_of_rules(draft)
    for listed in lists_about(draft):
        draft.warn(*list_words(draft.book, listed, draft.question.diagnoses))
    warn_of_age(draft, decided, today)


def warn_of_rules(draft: CodeDecision) -> None:
    """Add warnings of unknown positions, and of rules that ended or have not started."""
    case = draft.case()
    for payer in draft.chain:
        for rule in draft.book.service_rules_of(payer, case.about):
            found = match(draft.book, rule.applies, case)
            if found.truth == "no" or (found.truth == "open" and rule.code and not _concerns(draft, rule)):
                continue
            _warn_of_rule(draft, rule)


def lists_about(draft: CodeDecision) -> list[DiagnosisList]:
    """Return the diagnosis lists on which something depends; none where no diagnosis was given."""
    if not draft.question.diagnoses:
        return []
    about = rules_with_lists(draft.book, draft.chain, draft.case())
    keys = dict.fromkeys(key for rule in about for key in rule.applies.diagnoses)
    return [listed for key in keys if (listed := draft.book.diagnosis_list(key))]


def warn_of_age(draft: CodeDecision, decided: CoverageDecision, today: date) -> None:
    """Add warnings of facts whose source was last checked long ago."""
    facts = [(f"The {step.layer.replace('_', ' ')} fact {step.rule}", step.checked) for step in draft.steps]
    facts += [(f"The coverage rule {step.rule}", step.checked) for step in decided.coverage.steps if step.checked]
    for name, checked in facts:
        if old := stale(draft.book, name, checked, today):
            draft.warn(old, f"Old: {name[0].lower()}{name[1:]} was last checked on {checked}.")


def list_words(book: RuleBook, listed: DiagnosisList, diagnoses: tuple[str, ...]) -> tuple[str, str]:
    """Return whether diagnoses are on a list, in full and in short."""
    hit, _ = diagnosis_hit(book, [listed.id], diagnoses)
    found = f"{hit} is on" if hit else f"{', '.join(diagnoses)} is not on"
    as_listed = _entry(listed, hit) if hit else ""
    weak = " (WEAK list)" if listed.confidence == "low" else ""
    return f"{found} the list {listed.name!r}{as_listed}. {listed.caveat}", f"{found} the list {listed.name}{weak}."


def warn_beside(draft: CodeDecision, decided: CoverageDecision) -> None:
    """Add warnings: the payer has no rule, a diagnosis changed nothing, or another provider or claim changes it."""
    if draft.question.payer and not is_ruled_by_payer(draft, decided):
        draft.warn(f"{draft.payer}: no rule on this found. The code comes from the code set and the manufacturer.")
    if draft.question.diagnoses and not rules_with_lists(draft.book, draft.chain, draft.case()):
        given = ", ".join(draft.question.diagnoses)
        says = f"{given} changed nothing: no rule on this depends on the diagnosis."
        if any(step.conditions for step in decided.coverage.steps):  # in words, as "chronic low back pain"
            says = f"{given}: no rule on this lists diagnoses; compare it with the conditions."
        draft.warn(says, says)
    first = {(each.rule.payer, each.match.asks): each for each in reversed(decided.aside)}  # the highest rank of each
    for each in decided.aside:
        again = first[each.rule.payer, each.match.asks] is not each or decided.coverage.verdict in NEGATIVE
        if again and each.rule.verdict in NEGATIVE:
            continue
        verdict = VERDICTS[each.rule.verdict or "unknown"]
        negative = each.rule.verdict in NEGATIVE
        draft.warn(f"If {_words(each.match)}: {verdict} (rule {each.rule.id}).",
                   headline(each.rule) or f"If {_words(each.match)}: {verdict}.", must=negative)  # fmt: skip


def is_ruled_by_payer(draft: CodeDecision, decided: CoverageDecision) -> bool:
    """Return whether the payer, or one it inherits from, has a rule on this code, device, treatment or status."""
    if any(step.layer in ("payer", "clinic") for step in draft.steps):
        return True
    by_rule = {step.rule for step in decided.coverage.steps}
    rules = [rule for rule in map(draft.book.rule, by_rule) if rule]
    return len(rules) < len(by_rule) or any(specificity(rule.applies)[0] for rule in rules)


def _entry(listed: DiagnosisList, hit: str) -> str:
    """Return what a list says about a diagnosis on it, and the older code it was derived from."""
    for entry in listed.diagnoses:
        if hit == entry.icd10 or (entry.match == "prefix" and hit.startswith(entry.icd10)):
            derived = f"derived from {entry.derived_from}" if entry.derived_from else None
            return f" ({'; '.join(filter(None, (entry.says, entry.group, derived)))})"
    return ""


def _concerns(draft: CodeDecision, rule: Rule) -> bool:
    """Return whether the rule would replace a code that a layer named."""
    return bool(draft.named & {*rule.replaces})


def _warn_of_rule(draft: CodeDecision, rule: Rule) -> None:
    name, day = draft.payer_name(rule.payer), draft.question.service_date
    short = draft.short_name(rule.payer)
    if rule.position_unknown and is_in_force(rule, day):
        draft.contested = draft.contested or not rule.applies.therapy
        draft.warn(f"{name}, rule {rule.id}: {rule.says} Its position is not known.",
                   f"{short}: {headline(rule) or f'rule {rule.id}'} Its position is not known.",
                   must=not rule.applies.therapy)  # fmt: skip
    if (rule.code and _concerns(draft, rule)) or rule.verdict:
        if rule.ends and rule.ends < day:
            ended = f"rule {rule.id} ended on {rule.ends} and is not applied."
            draft.warn(f"{name}: {ended}", f"{short}: {ended}")
        elif rule.effective and rule.effective > day:
            ahead = f"rule {rule.id} starts on {rule.effective} and is not applied yet."
            draft.warn(f"{name}: {ahead}", f"{short}: {ahead}")


def prepare(draft: CodeDecision, decided: CoverageDecision, known: Code | None) -> None:
    """Add what to find out, to keep on record and to ask for before the claim is sent."""
    earlier, draft.remarks = draft.remarks, []
    if any(ask.option == "--dx" for ask in decided.asks):
        draft.prepare("Find out the diagnosis (--dx): coverage depends on it.")
    if draft.path.resolved:
        draft.prepare(draft.path.resolved)
    if any(step.replaces and step.applied and step.layer != "manufacturer" for step in draft.steps):
        draft.remarks.append(
            Remark(
                kind="before_you_bill",
                says="Another code does not create coverage: what is not covered is not covered under any code.",
                short=f"{draft.code} does not create coverage." if draft.code else None,
                must=draft.code is not None,
            )
        )
    for ranked in decided.rules:
        for each in ranked.rule.exceptions:
            draft.prepare(f"Exception in rule {ranked.rule.id}: {each}.", first_sentence(f"Exception: {each}."))
    draft.remarks += earlier
    for rule, found in draft.rules(draft.case()):
        for text in limits(draft, rule, found):
            draft.prepare(text, first_sentence(text))
        if rule.disputed:
            draft.warn(f"Disputed: {rule.disputed}")
        if rule.not_modelled:
            draft.warn(f"Not modeled: {rule.not_modelled}")
    modality = draft.book.modality(draft.settled.modality)
    if decided.coverage.verdict == "unknown" and modality and draft.question.setting == "clinic":
        _prepare_by_note(draft, modality)
    if known and known.documentation:
        draft.prepare(f"Keep on record: {'; '.join(known.documentation)}.")
    draft.prepare(_FINAL_SAY)


def _prepare_by_note(draft: CodeDecision, modality: Modality) -> None:
    """Add the note on how such payers treat this modality, where no rule decides coverage."""
    schedule = any((payer := draft.book.payer(key)) and payer.fee_schedule for key in draft.chain)
    if note := modality.medicare_note if schedule else modality.other_payers_note:
        who = draft.payer if schedule else "Payers in general"
        first = first_sentence(note)
        in_short = draft.short_name(draft.chain[-1]) if schedule else "Payers in general"
        draft.prepare(f"{who}, as noted: {note}", f"{in_short}, as noted: {first}" if first else None)


def limits(draft: CodeDecision, rule: Rule, found: Match) -> list[str]:
    """Return the unit limit, prior authorization and payment in the rule's words, with its condition and weakness."""
    only = f" (only if {_words(found)})" if found.truth == "open" else ""
    weak = f" [{weakness(rule.evidence, rule.confidence)}]" if is_weak(rule) else ""
    labeled = (
        ("Unit limit", rule.unit_limit),
        ("Prior authorization", rule.prior_authorization),
        ("Payment", rule.payment),
    )
    payer = draft.short_name(rule.payer)
    return [f"{label}, {payer}: {text.rstrip('.')}{only}{weak}." for label, text in labeled if text]
