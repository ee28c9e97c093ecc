"""What each layer says about the code, weakest first: code set, manufacturer, payer, the clinic's own rules.

Every layer leaves a step, also when a later one overrules it.
"""

import re
from collections.abc import Sequence

from ..errors import MissingOption
from ..model import Code, Device, Layer, Modality, Rule
from ..rulebook.precedence import is_weak, specificity
from .asking import ATTENDANCE, UNATTENDED
from .draft import Draft
from .matching import Match
from .receipts import existence, status_on
from .wording import less_sure, weaker, weakness

_RECOMMENDED = ("recommends", "recommends_as_reported")


class NeedsAnswer(MissingOption):
    """A modality's code hangs on a question that nobody answered; `modality` holds it."""

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


def code_set(draft: Draft) -> None:
    """The modality's own code for the setting, or the device's where that is known to differ; else the billed one."""
    if draft.settled.modality is None:
        _as_billed(draft)
        return
    if draft.question.setting == "home":
        _equipment(draft)
        return
    settled, device = draft.settled, draft.device
    if device and "clinic" not in device.settings:
        draft.step("code_set", f"{device.name} is known here for the home only: no clinic code. {device.says}",
                   device.evidence, device.confidence, device.checked, device.sources, rule=device.id)  # fmt: skip
        draft.warnings.append(f"{device.name} is supplied for the home, not used in the clinic: try --setting home.")
        return
    start = next((each for each in device.starting_codes if each.setting == "clinic"), None) if device else None
    if device and start and (settled.unanswered or settled.choice is None or not settled.answered):
        draft.step("code_set", start.says, start.evidence, device.confidence, device.checked, start.sources,
                   rule=device.id, code=start.code)  # fmt: skip
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
        _led_to(draft, modality, settled.code) + (f" {chosen}" if chosen else ""),
        weaker(modality.evidence, device.evidence if device else modality.evidence),
        less_sure(modality.confidence, device.confidence if device else modality.confidence),
        modality.checked,
        modality.sources,
        rule=modality.id,
        code=settled.code,
        caveat=modality.not_modelled,
    )
    if settled.assumed:
        _assumed(draft, settled.assumed, settled.code)
    unused = [each for each in draft.question.answers if each not in settled.answered]
    draft.warnings += [f"--{each} was not needed: {modality.name} does not hang on it." for each in unused]
    if modality.do_not_use:
        avoided = "; ".join(f"{each.code} ({each.says.rstrip('.')})" for each in modality.do_not_use)
        draft.before_you_bill.append(f"Not the code for this: {avoided}.")


def _as_billed(draft: Draft) -> None:
    known = draft.book.code(draft.settled.code or "")
    if known:
        draft.step("code_set", f"As billed: {known.name}.", "primary", known.confidence, known.checked, known.sources,
                   code=known.code)  # fmt: skip


def _led_to(draft: Draft, modality: Modality, code: str | None) -> str:
    choice = draft.settled.choice
    treatment = f"{modality.name}, {choice.answer}" if choice else modality.name
    return f"{treatment}: {_named(draft, code)}." if code else f"{treatment}: no code is known for it."


def _named(draft: Draft, code: str) -> str:
    known = draft.book.code(code)
    return f"{code}, {known.name}" if known else code


def _assumed(draft: Draft, asking: Modality, code: str | None) -> None:
    assert asking.decide is not None
    others = []
    for choice in asking.decide.answers:
        leads = draft.book.modality(choice.modality) if choice.modality else None
        if (leads.code if leads else choice.code) != code or (leads and leads.decide):
            option = f"--{choice.answer}" if choice.answer in ATTENDANCE else f"--answer {choice.answer!r}"
            others.append(option)
    draft.warnings.append(f"Assumed, not asked: {asking.decide.ask} If it is another: {' or '.join(others)}.")


# ------------------------------------------------------------------------------------------ equipment at home


def _equipment(draft: Draft) -> None:
    device = draft.device
    modality = draft.book.modality(draft.settled.modality)
    assert modality is not None
    known: Device | Modality = device or modality
    if device and "home" not in device.settings:
        draft.warnings.append(f"{device.name} is known here as a clinic device, not for the home.")
    codes = device.home_codes if device and "home" in device.settings else () if device else modality.home_codes
    start = next((each for each in device.starting_codes if each.setting == "home"), None) if device else None
    says = f" {start.says if start else known.says}" if start or known.says else ""
    for code in codes:
        draft.step("code_set", f"{known.name} at home: {_named(draft, code)}.{says}", known.evidence,
                   known.confidence, known.checked, known.sources, rule=known.id, code=code)  # fmt: skip
    if not codes:
        draft.step("code_set", f"{known.name} at home: no equipment code is known.{says}", known.evidence,
                   known.confidence, known.checked, known.sources, rule=known.id)  # fmt: skip
    if device and device.coding_verification.says:
        draft.before_you_bill.append(device.coding_verification.says)


def hold_back_equipment(draft: Draft) -> None:
    """An equipment code is given only with a coding verification; without one it is no more than a candidate."""
    verification = draft.book.coding_verification
    device = draft.device
    equipment = draft.code is not None and _is_equipment(draft.book.code(draft.code))
    if draft.question.setting != "home" and not equipment:
        return
    named = [*dict.fromkeys(step.code for step in draft.steps if step.code and step.applied)]
    stated = draft.question.coding_verification
    others = [code for code in re.findall(r"\b[A-Z][0-9]{4}\b", stated or "") if code not in named]
    on_file = device is not None and device.coding_verification.status == "known"
    if len(named) > 1 and draft.question.setting == "home":
        which = "its coding verification says which" if device else "name the device (--device)"
        draft.warnings.append(f"Several equipment codes are possible ({', '.join(named)}): {which}.")
        draft.withdraw()
    elif draft.code and equipment:
        draft.candidate = draft.code
        if others and draft.code not in (stated or ""):
            draft.warnings.append(f"The verification you stated names {', '.join(others)}, not {draft.code}: no code.")
            draft.withdraw()
        elif on_file and device and draft.code in device.coding_verification.codes:
            draft.warnings.append(f"A coding verification of {device.name} is known; check that it is still listed.")
        elif stated:
            draft.warnings.append(
                f"{draft.code} rests on the verification you stated ({stated}), which cpt cannot check."
            )
        else:
            draft.withdraw()
    if draft.code is None:
        draft.before_you_bill.append(f"Ask the manufacturer for {'; '.join(verification.ask_for)}.")
        draft.before_you_bill.append("Then ask again with --coding-verification and what it says.")
    draft.before_you_bill.append(verification.says)
    draft.before_you_bill += [f"{body.name}: {body.says}" for body in verification.bodies]
    draft.before_you_bill.append(f"A coding verification is: {verification.is_not}")
    if verification.caveat:
        draft.before_you_bill.append(verification.caveat)


def _is_equipment(code: Code | None) -> bool:
    return code is not None and code.coding_verification


# ------------------------------------------------------------------------------------------- the manufacturer


def manufacturer(draft: Draft) -> None:
    """What the manufacturer publishes; what contradicts a code's own meaning is shown as refused, not followed."""
    device = draft.device
    if device is None:
        if draft.question.other_device:
            draft.warnings.append(
                "The device is not in this rule base: ask its manufacturer what it recommends, in writing."
            )
        return
    told = device.recommendation
    refused = {each.code for each in device.refused_codes}
    at_home = draft.question.setting == "home"
    fitting = [each.code for each in told.codes if _is_equipment(draft.book.code(each.code)) == at_home]
    code = next((each for each in fitting if each not in refused), None) if told.stance in _RECOMMENDED else None
    manufacturer = draft.book.manufacturer(draft.book.manufacturer_of(device.id))
    name = manufacturer.name if manufacturer else device.name
    draft.step(
        "manufacturer",
        f"{name}: {told.says}"
        if told.published is None
        else f"{name}: {told.says.rstrip('.')} (published: {told.published}).",
        told.evidence or device.evidence,
        told.confidence or device.confidence,
        device.checked,
        told.sources,
        rule=device.id,
        code=code,
        replaces=draft.code if code and code != draft.code else None,
        applied=code is not None,
        caveat=told.caveat,
    )
    draft.warnings += [f"Refused, not followed: {each.code}. {each.says}" for each in device.refused_codes]
    draft.warnings += [f"{each.party}: {each.says}" for each in device.disputes]
    if device.caveat:
        draft.warnings.append(device.caveat)
    if not at_home:
        draft.before_you_bill.append(f"{device.name}: {device.says}")


# -------------------------------------------------------------------------------------- payer, then the clinic


def payers(draft: Draft) -> None:
    """The payer's rules from the widest payer to the narrowest, then the clinic's own in the same order."""
    spoken: list[Rule] = []
    layers: tuple[tuple[Layer, bool], ...] = (("payer", False), ("clinic", True))
    for layer, own in layers:
        for payer in draft.chain:
            held = [
                (rule, each)
                for rule, each in draft.rules(draft.case())
                if rule.payer == payer and draft.book.is_clinic_rule(rule.id) == own
            ]
            _one_payer(draft, layer, held, spoken)


def _one_payer(draft: Draft, layer: Layer, held: Sequence[tuple[Rule, Match]], spoken: list[Rule]) -> None:
    """Binding first, strong before weak, narrow before wide; the first that speaks of the code so far settles it."""

    def rank(pair: tuple[Rule, Match]) -> tuple[object, ...]:
        return pair[0].binding, not is_weak(pair[0]), specificity(pair[0].applies)

    before = draft.code or draft.refused
    overruled = draft.overruled_codes()
    settled = False
    for rule, each in sorted(held, key=rank, reverse=True):
        bound = any(other.binding for other in spoken)
        gives_way = settled or bound or rule.id in overruled
        gives_way = gives_way or (is_weak(rule) and any(not is_weak(other) for other in spoken))
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
                draft.warnings.append(f"{draft.payer_name(rule.payer)} does not take {before} for this.")
                draft.withdraw()
                draft.refused = before
        else:
            continue
        if not gives_way:
            spoken.append(rule)
            settled = True


def _replaced(draft: Draft, rule: Rule, deep: int = 5) -> set[str]:
    """The codes a rule's code stands in for; a replaced rule counts with its own code and what it replaced."""
    codes: set[str] = set()
    for each in rule.replaces:
        other = draft.book.rule(each)
        if other is None:
            codes.add(each)
        elif deep:
            codes |= _replaced(draft, other, deep - 1) | ({other.code} if other.code else set())
    return codes


def _rule_step(draft: Draft, layer: Layer, rule: Rule, code: str | None, applied: bool = True) -> None:
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
        effective=rule.effective,
        ends=rule.ends,
    )
    if applied:
        draft.claim_needs += rule.claim_needs


def _may_change(draft: Draft, rule: Rule, held: Match) -> None:
    draft.contested = True
    weak = f", {weakness(rule.evidence, rule.confidence)}" if is_weak(rule) else ""
    draft.warnings.append(
        f"{draft.payer_name(rule.payer)} may want {rule.code} instead (rule {rule.id}{weak}), if: "
        f"{'; '.join(held.asks)}."
    )


# ------------------------------------------------------------------------------- what a code cannot be used for


def withdraw_what_does_not_hold(draft: Draft) -> None:
    """No code is given for a day on which it did not exist, for a payer that rejects it, or against what was said."""
    named = draft.code or draft.candidate
    known = draft.book.code(named) if named else None
    if known is None:
        return
    day = draft.question.service_date
    if gone := existence(draft.book, known, day):
        draft.warnings.append(gone)
        draft.candidate = None
        draft.withdraw()
    if draft.code is None:
        return
    status, seen = status_on(known, day)
    indicator = draft.book.status(status)
    by_schedule = any((payer := draft.book.payer(key)) and payer.fee_schedule for key in draft.chain)
    left_alone = UNATTENDED in draft.question.answers and known.attendance and known.attendance.level == "constant"
    if by_schedule and indicator and not indicator.valid:
        draft.warnings.append(f"{draft.payer} rejects {known.code}: status {status}, {indicator.says} ({seen}).")
        modality = draft.book.modality(draft.settled.modality)
        if modality and modality.medicare_note:
            draft.before_you_bill.append(f"{draft.payer}, as noted: {modality.medicare_note}")
    elif left_alone:
        draft.warnings.append(f"{known.code} needs somebody with the patient throughout; you said {UNATTENDED}.")
    else:
        return
    draft.withdraw()
