"""What each layer says about the code, weakest first: code set, manufacturer, payer, the clinic's own rules.

Every layer adds a step, even when a later one overrules it.
"""

import re
from collections.abc import Sequence

from ..errors import MissingOption
from ..model.codes import Code
from ..model.common import Layer
from ..model.devices import Device, Modality
from ..model.rules import Rule
from ..rulebook.precedence import is_weak, specificity
from .citations import existence, status_on
from .code_decision import CodeDecision
from .matching import Match
from .question import ATTENDANCE, UNATTENDED
from .wording import first_sentence, headline, less_sure, weaker, weakness

_RECOMMENDED = ("recommends", "recommends_as_reported")


class NeedsAnswer(MissingOption):
    """The code depends on a question with no answer yet; `modality` is the one with that question."""

    def __init__(self, modality: Modality) -> None:
        assert modality.decide is not None
        answers = [choice.answer for choice in modality.decide.answers]
        if {*answers} == {"attended", "unattended"}:
            options = "--attended or --unattended"
        else:
            options = " or ".join(f"--answer {answer!r}" for answer in answers)
        super().__init__([options], f"{modality.name}: {modality.decide.ask}")
        self.modality = modality


# ----------------------------------------------------------------------------------------------- the code set


def code_set(draft: CodeDecision) -> None:
    """Add the code of the modality for the setting, or of the device where it differs, or the code as billed."""
    if draft.settled.modality is None:
        _as_billed(draft)
        return
    if draft.question.setting == "home":
        _equipment(draft)
        return
    settled, device = draft.settled, draft.device
    if device and "clinic" not in device.settings:
        draft.step("code_set", f"{device.name} is for the home only: no clinic code. {device.says}",
                   device.evidence, device.confidence, device.checked, device.sources, rule=device.id,
                   short=f"{device.name}: for the home only")  # fmt: skip
        at_home = f"{device.name} is supplied for the home, not used in the clinic: add --setting home."
        draft.warn(at_home, at_home, must=True)
        return
    start = next((each for each in device.starting_codes if each.setting == "clinic"), None) if device else None
    if device and start and (settled.unanswered or settled.choice is None or not settled.answered):
        draft.step("code_set", start.says, start.evidence, device.confidence, device.checked, start.sources,
                   rule=device.id, code=start.code, short=first_sentence(start.says) or device.name)  # fmt: skip
        if settled.unanswered:
            _assumed(draft, settled.unanswered, start.code)
        return
    if settled.unanswered:
        raise NeedsAnswer(settled.unanswered)
    modality = draft.book.modality(settled.modality)
    assert modality is not None
    chosen = settled.choice.says if settled.choice and settled.choice.says else modality.says
    draft.step(
        "code_set",
        _led_to(draft, modality, settled.code or "") + (f" {chosen}" if chosen else ""),
        weaker(modality.evidence, device.evidence if device else modality.evidence),
        less_sure(modality.confidence, device.confidence if device else modality.confidence),
        modality.checked,
        modality.sources,
        rule=modality.id,
        code=settled.code,
        caveat=modality.not_modelled,
        short=_led_to(draft, modality, None if settled.code else "").rstrip("."),
    )
    if settled.assumed:
        _assumed(draft, settled.assumed, settled.code)
    unused = [each for each in draft.question.answers if each not in settled.answered]
    for each in unused:
        draft.warn(f"--{each} was not needed: {modality.name} does not depend on it.")
    if modality.do_not_use:
        avoided = "; ".join(f"{each.code} ({each.says.rstrip('.')})" for each in modality.do_not_use)
        codes = ", ".join(each.code for each in modality.do_not_use)
        draft.prepare(f"Not the code for this: {avoided}.", f"Not the code for this: {codes}.")


def _as_billed(draft: CodeDecision) -> None:
    known = draft.book.code(draft.settled.code or "")
    if known:
        draft.step("code_set", f"As billed: {known.name}.", "primary", known.confidence, known.checked, known.sources,
                   code=known.code, short=f"{known.name}, as billed")  # fmt: skip


def _led_to(draft: CodeDecision, modality: Modality, code: str | None) -> str:
    """Return the treatment with its answer and code; `code` is empty if none is known, None to leave it out."""
    choice = draft.settled.choice
    treatment = f"{modality.name}, {choice.answer}" if choice else modality.name
    if code is None:
        return treatment
    return f"{treatment}: {_named(draft, code)}." if code else f"{treatment}: no code is known for it."


def _named(draft: CodeDecision, code: str) -> str:
    known = draft.book.code(code)
    return f"{code}, {known.name}" if known else code


def _assumed(draft: CodeDecision, modality: Modality, code: str | None) -> None:
    assert modality.decide is not None
    others = []
    for choice in modality.decide.answers:
        leads = draft.book.modality(choice.modality) if choice.modality else None
        if (leads.code if leads else choice.code) != code or (leads and leads.decide):
            option = f"--{choice.answer}" if choice.answer in ATTENDANCE else f"--answer {choice.answer!r}"
            others.append(option)
    assumed = modality.decide.assume or (draft.device.name if draft.device else "the usual case")
    draft.warn(
        f"Assumed, not asked: {modality.decide.ask} If it is another: {' or '.join(others)}.",
        f"Assumed: {assumed}. If not: {' or '.join(others)}." if others else None,
        must=bool(others) and draft.device is None,
    )


# ------------------------------------------------------------------------------------------ equipment at home


def _equipment(draft: CodeDecision) -> None:
    device = draft.device
    modality = draft.book.modality(draft.settled.modality)
    assert modality is not None
    known: Device | Modality = device or modality
    if device and "home" not in device.settings:
        in_clinic = f"{device.name} is in our list as a clinic device, not for the home."
        draft.warn(in_clinic, in_clinic, must=True)
    codes = device.home_codes if device and "home" in device.settings else () if device else modality.home_codes
    start = next((each for each in device.starting_codes if each.setting == "home"), None) if device else None
    text = f" {start.says if start else known.says}" if start or known.says else ""
    for code in codes:
        draft.step("code_set", f"{known.name} at home: {_named(draft, code)}.{text}", known.evidence,
                   known.confidence, known.checked, known.sources, rule=known.id, code=code,
                   short=f"{known.name} at home")  # fmt: skip
    if not codes:
        draft.step("code_set", f"{known.name} at home: no equipment code is known.{text}", known.evidence,
                   known.confidence, known.checked, known.sources, rule=known.id,
                   short=f"{known.name} at home: no equipment code is known")  # fmt: skip
    if device and device.coding_verification.says:
        draft.prepare(device.coding_verification.says)


def hold_back_equipment(draft: CodeDecision) -> None:
    """Give an equipment code only with a coding verification; without one make it a candidate."""
    verification = draft.book.coding_verification
    device = draft.device
    equipment = draft.code is not None and _is_equipment(draft.book.code(draft.code))
    if draft.question.setting != "home" and not equipment:
        return
    named = [*dict.fromkeys(step.code for step in draft.steps if step.code and step.applied)]
    stated = draft.question.coding_verification
    if stated and len(named) > 1:
        named = [code for code in named if code in stated] or named
        draft.code = named[0] if len(named) == 1 else draft.code
    others = [code for code in re.findall(r"\b[A-Z][0-9]{4}\b", stated or "") if code not in named]
    on_file = device is not None and device.coding_verification.status == "known"
    if len(named) > 1 and draft.question.setting == "home":
        which = "its coding verification says which" if device else "add --device"
        several = f"Several equipment codes are possible ({', '.join(named)}): {which}."
        draft.warn(several, several)
        draft.withdraw()
        draft.several = tuple(named)
    elif draft.code and equipment:
        draft.candidate = draft.code
        if others and draft.code not in (stated or ""):
            differs = f"The verification you gave names {', '.join(others)}, not {draft.code}: no code."
            draft.warn(differs, differs, must=True)
            draft.withdraw()
        elif on_file and device and draft.code in device.coding_verification.codes:
            listed = f"A coding verification of {device.name} is known: check that it is still listed."
            draft.warn(listed, listed, must=True)
        elif stated:
            rests = f"{draft.code} rests on the verification you gave"
            draft.warn(f"{rests} ({stated}), which cpt cannot check.", f"{rests}, which cpt cannot check.", must=True)
        else:
            draft.withdraw()
    if draft.code is None:
        draft.next_step(
            f"Ask the manufacturer for {'; '.join(verification.ask_for)}.",
            "Ask the manufacturer for its PDAC coding verification; then add --coding-verification.",
        )
        draft.prepare("Then run this again with --coding-verification and what it says.")
    draft.prepare(verification.says)
    for body in verification.bodies:
        draft.prepare(f"{body.name}: {body.says}")
    draft.prepare(f"A coding verification is: {verification.is_not}")
    if verification.caveat:
        draft.prepare(verification.caveat)


def _is_equipment(code: Code | None) -> bool:
    return code is not None and code.coding_verification


# ------------------------------------------------------------------------------------------- the manufacturer


def manufacturer(draft: CodeDecision) -> None:
    """Add what the manufacturer publishes; a code that contradicts its own meaning is refused, not followed."""
    device = draft.device
    if device is None:
        if draft.question.other_device:
            draft.warn(
                "The device is not in our list: ask its manufacturer what it recommends, in writing.",
                "The device is not in our list: ask its manufacturer which code it recommends.",
                must=True,
            )
        return
    advice = device.recommendation
    refused = {each.code for each in device.refused_codes}
    at_home = draft.question.setting == "home"
    fitting = [each.code for each in advice.codes if _is_equipment(draft.book.code(each.code)) == at_home]
    code = next((each for each in fitting if each not in refused), None) if advice.stance in _RECOMMENDED else None
    manufacturer = draft.book.manufacturer(draft.book.manufacturer_of(device.id))
    name = manufacturer.name if manufacturer else device.name
    draft.step(
        "manufacturer",
        f"{name}: {advice.says}"
        if advice.published is None
        else f"{name}: {advice.says.rstrip('.')} (published: {advice.published}).",
        advice.evidence or device.evidence,
        advice.confidence or device.confidence,
        device.checked,
        advice.sources,
        rule=device.id,
        code=code,
        replaces=draft.code if code and code != draft.code else None,
        applied=code is not None,
        caveat=advice.caveat,
        short=headline(advice),
        caveat_short=advice.caveat_short or (first_sentence(advice.caveat) if advice.caveat else None),
    )
    for each in device.refused_codes:
        why = headline(each)
        draft.warn(f"Refused, not followed: {each.code}. {each.says}",
                   f"Refused, not followed: {each.code}. {why}" if why else f"Refused, not followed: {each.code}.",
                   must=True)  # fmt: skip
    for dispute in device.disputes:
        why = headline(dispute)
        draft.warn(f"{dispute.party}: {dispute.says}", f"{dispute.party}: {why}" if why else None)
    if device.caveat:
        draft.warn(device.caveat, device.caveat_short or first_sentence(device.caveat))
    if not at_home:
        draft.prepare(f"{device.name}: {device.says}")


# -------------------------------------------------------------------------------------- payer, then the clinic


def payers(draft: CodeDecision) -> None:
    """Apply the payer's rules from the widest payer to the narrowest, then the clinic's own in the same order."""
    followed: list[Rule] = []
    layers: tuple[tuple[Layer, bool], ...] = (("payer", False), ("clinic", True))
    for layer, own in layers:
        for payer in draft.chain:
            if matching := draft.code_rules(payer, own):
                _one_payer(draft, layer, matching, followed)


def _one_payer(draft: CodeDecision, layer: Layer, matching: Sequence[tuple[Rule, Match]], followed: list[Rule]) -> None:
    """Apply one payer's rules: binding, then strong, then narrow first; the first on the current code decides."""

    def rank(pair: tuple[Rule, Match]) -> tuple[object, ...]:
        return pair[0].binding, not is_weak(pair[0]), specificity(pair[0].applies)

    before = draft.code or draft.refused
    overruled = draft.overruled_codes()
    settled = False
    for rule, each in sorted(matching, key=rank, reverse=True):
        bound = any(other.binding for other in followed)
        gives_way = settled or bound or rule.id in overruled
        gives_way = gives_way or (is_weak(rule) and any(not is_weak(other) for other in followed))
        if before is None:
            return
        if rule.code and before in _replaced(draft, rule):
            if each.truth == "open":
                _may_change(draft, rule, each)
                continue
            _rule_step(draft, layer, rule, rule.code, applied=not gives_way)
        elif each.truth == "yes" and before in rule.accepts:
            _rule_step(draft, layer, rule, before, applied=not gives_way)
        elif each.truth == "yes" and before in rule.refuses and not rule.code:
            if not gives_way:
                _rule_step(draft, layer, rule, None)
                refused = f"{draft.short_name(rule.payer)} does not accept {before} for this."
                draft.warn(refused, refused, must=True)
                draft.withdraw()
                draft.refused = before
        else:
            continue
        if not gives_way:
            followed.append(rule)
            settled = True


def _replaced(draft: CodeDecision, rule: Rule, deep: int = 5) -> set[str]:
    """Return the codes that a rule replaces, including the code of each replaced rule and what that one replaced."""
    codes: set[str] = set()
    for each in rule.replaces:
        other = draft.book.rule(each)
        if other is None:
            codes.add(each)
        elif deep:
            codes |= _replaced(draft, other, deep - 1) | ({other.code} if other.code else set())
    return codes


def _rule_step(draft: CodeDecision, layer: Layer, rule: Rule, code: str | None, applied: bool = True) -> None:
    draft.step(
        layer,
        f"{draft.payer_name(rule.payer)}: {rule.says}",
        rule.evidence,
        rule.confidence,
        rule.checked,
        rule.sources,
        rule=rule.id,
        code=code,
        replaces=draft.code if applied and code and code != draft.code else None,
        applied=applied,
        caveat=rule.caveat,
        short=headline(rule) or f"rule {rule.id}",
        caveat_short=rule.caveat_short or (first_sentence(rule.caveat) if rule.caveat else None),
        effective=rule.effective,
        ends=rule.ends,
    )
    if applied:
        draft.claim_needs += rule.claim_needs


def _may_change(draft: CodeDecision, rule: Rule, found: Match) -> None:
    draft.contested = True
    weak = f", {weakness(rule.evidence, rule.confidence)}" if is_weak(rule) else ""
    payer, if_what = draft.short_name(rule.payer), "; ".join(map(str, found.asks))
    draft.warn(
        f"{draft.payer_name(rule.payer)} may require {rule.code} instead (rule {rule.id}{weak}), if: {if_what}.",
        f"{payer} may require {rule.code}{' (WEAK)' if weak else ''}: {headline(rule) or f'rule {rule.id}'}",
        must=True,
    )
    options = {ask.option for ask in found.asks}
    if None not in options and rule.code:
        draft.alternatives.append((rule, found))


# ------------------------------------------------------------------------------- codes that cannot be billed


def withdraw_what_does_not_hold(draft: CodeDecision) -> None:
    """Withdraw a code that did not exist on the date of service, that the payer rejects or an answer contradicts."""
    named = draft.code or draft.candidate
    known = draft.book.code(named) if named else None
    if known is None:
        return
    day = draft.question.service_date
    if gone := existence(draft.book, known, day, draft.chain):
        draft.warn(gone, gone, must=True)
        draft.candidate = None
        draft.withdraw()
    if draft.code is None:
        return
    status, seen = status_on(known, day)
    indicator = draft.book.status(status)
    by_schedule = any((payer := draft.book.payer(key)) and payer.fee_schedule for key in draft.chain)
    left_alone = UNATTENDED in draft.question.answers and known.attendance and known.attendance.level == "constant"
    if by_schedule and indicator and not indicator.valid:
        draft.warn(f"{draft.payer} rejects {known.code}: status {status}, {indicator.says} ({seen}).",
                   f"{draft.short_name(draft.chain[-1])} rejects {known.code}: status {status} on Medicare's fee"
                   " schedule.", must=True)  # fmt: skip
        modality = draft.book.modality(draft.settled.modality)
        if modality and modality.medicare_note:
            draft.prepare(f"{draft.payer}, as noted: {modality.medicare_note}", first_sentence(modality.medicare_note))
    elif left_alone:
        alone = f"{known.code} needs constant attendance; you said {UNATTENDED}."
        draft.warn(alone, alone, must=True)
    else:
        return
    draft.withdraw()
