"""An answer of `cpt suggest` -> its sheet: the code, who says so, paid or not, how to bill, and what to do next."""

from collections.abc import Iterator

from ..advice.coverage import NEGATIVE
from ..advice.wording import VERDICTS
from ..model.answer import Answer, CoverageStep, Remark, Step
from ..model.common import Verdict
from ..rulebook.precedence import is_weak
from .answer_details import LAYERS, branch_cells, sections, sources
from .backing import rules_in_short
from .sheet import Block, Row, Sheet, Tone, counted

TONES: dict[Verdict, Tone] = {
    "covered": "good",
    "conditional": "caution",
    "bundled": "bad",
    "investigational": "bad",
    "not_covered": "bad",
    "unknown": "unsure",
}
_HEADS: dict[Verdict, str] = {
    "covered": "Yes",
    "conditional": "Depends",
    "bundled": "No",
    "investigational": "No",
    "not_covered": "No",
    "unknown": "Not known",
}
_OPEN = {
    "--dx": "the diagnosis",
    "--state": "the state",
    "--provider": "who provides it",
    "--discipline": "the plan of care",
    "--claim": "the claim",
    "--care": "the care",
    "--abn": "the signed ABN",
    "--device": "the device",
}
_MOST_BRANCHES = 6  # on the first screen


def answer_sheet(answer: Answer) -> Sheet:
    """Return the sheet of one answer."""
    notes = sum(1 for remark in answer.remarks if remark.short is None)
    more = [counted(len(sources(answer)), "source")] if sources(answer) else []
    if len(answer.branches) > _MOST_BRANCHES:
        more.insert(0, counted(len(answer.branches) - _MOST_BRANCHES, "more case"))
    if answer.tables:
        more.append(counted(len(answer.tables), "table"))
    blocks = [
        Block("", tuple(_branch_rows(answer))),
        Block("Paid?", tuple(_paid(answer))),
        Block("Bill", tuple(_bill(answer))),
        Block("Attach", tuple(_attach(answer))),
        Block("Watch", tuple(_remarks(answer, "watch"))),
        Block("Why", tuple(map(_why, answer.steps)), apart=True),
        Block("Next", tuple(_next(answer))),
    ]
    return Sheet(
        title=_title(answer),
        lead=(Row("by", (_lead(answer),), "caution" if answer.weak or answer.disputed else "plain", must=True),
              Row("for", (_asked(answer),), "dim", weight=75)),
        blocks=tuple(block for block in blocks if block.rows),
        facts=tuple(_facts(answer)),
        sections=tuple(sections(answer)),
        notes=notes,
        more=tuple(more),
        stamp=f"DOS {answer.question.service_date}   {rules_in_short(answer.rulebook)}",
    )  # fmt: skip


def _facts(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "code", answer.code or "none"
    if answer.candidate:
        yield "candidate", answer.candidate
    yield "answered_by", answer.answered_by or "none"
    yield "sure", answer.sure
    yield "coverage", answer.coverage.verdict


def _title(answer: Answer) -> tuple[str, str, str]:
    if answer.branches:
        return "Depends", answer.about, ""
    if answer.candidate:
        return answer.candidate, answer.code_name or "", "candidate: no code yet"
    if answer.code is None:
        return "No code", answer.about, ""
    last = _last(answer)
    return answer.code, answer.code_name or "", f"instead of {last.replaces}" if last and last.replaces else ""


def _last(answer: Answer) -> Step | None:
    """Return the last step that applied and named a code."""
    return next((step for step in reversed(answer.steps) if step.applied and step.code), None)


def payer_of(answer: Answer) -> str:
    """Return the payer's short name."""
    return answer.payer.short_name if answer.payer else "the payer"


def _lead(answer: Answer) -> str:
    """Return who says so, and how sure it is."""
    if answer.branches:
        return f"The code depends on what is not given: {answer.ask}"
    if answer.candidate:
        return "No code until the product's coding is verified (PDAC, once SADMERC)."
    payer, last = payer_of(answer), _last(answer)
    if answer.code is None:
        return "No code can be given."
    layer = last.layer if last else answer.answered_by  # every case came to one code, and no step of its own names it
    if layer == "payer":
        does = "accepts" if last and not last.replaces else "requires"
        parts = [f"{'Reportedly ' if answer.weak else ''}{payer} {does} it; the payer has the final say."]
    elif layer == "clinic":
        parts = [f"Your own rule ({last.rule})." if last else "Your own rule."]
    else:
        parts = ["The manufacturer's code." if layer == "manufacturer" else "By the code set."]
        if answer.payer and not answer.ruled_by_payer:
            parts.append(f"No rule on it found for {payer}: ask {payer}.")
    if answer.weak:
        parts.append(f"WEAK{', disputed' if answer.disputed else ''}: {answer.weak}")
    elif answer.disputed:
        parts.append("Disputed.")
    return " ".join(parts)


def _asked(answer: Answer) -> str:
    """Return the question as it was understood."""
    asked = answer.question
    parts = [answer.about, answer.payer.short_name if answer.payer else None, asked.state]
    parts += ["for the home" if asked.setting == "home" else None, *asked.diagnoses]
    parts.append(asked.provider.replace("_", " ") if asked.provider else None)
    own = f" ({', '.join(asked.from_settings)}: your settings)" if asked.from_settings else ""
    return f"For {', '.join(filter(None, parts))}{own}."


# ------------------------------------------------------------------------------------------------- the branches


def _branch_rows(answer: Answer) -> Iterator[Row]:
    for branch in answer.branches[:_MOST_BRANCHES]:
        yield Row("branch", branch_cells(branch), TONES[branch.coverage.verdict], must=True, weight=100)


# ---------------------------------------------------------------------------------------------------- will it be paid


def _paid(answer: Answer) -> Iterator[Row]:
    """Return the verdict row, then a row for each rule it depends on."""
    coverage, payer = answer.coverage, payer_of(answer)
    tone = TONES[coverage.verdict]
    if len(verdicts := {branch.coverage.verdict for branch in answer.branches}) > 1:
        ask = f" Not known for some: ask {payer}." if "unknown" in verdicts else ""
        yield Row("paid", (f"Depends on the code: see the rows above.{ask}",), "caution", must=True, weight=100)
        return
    if not coverage.steps:
        text = f"Not known: no coverage rule found for {payer}. Ask {payer}."
        yield Row("paid", (text,), tone, must=True, weight=100)
        return
    decided = next((step for step in coverage.steps if step.decided), None)
    pending = [step for step in coverage.steps if not step.decided]
    if not pending or coverage.verdict in NEGATIVE:
        step = decided or pending[0]
        yield Row("paid", (_verdict(coverage.verdict, step),), tone, must=True, weight=100)
        return
    unsure = "Not known. " if coverage.verdict == "unknown" else ""
    yield Row("paid", (f"{unsure}{_depends(pending)}",), tone, must=True, weight=100)
    for step in pending:
        negative = step.verdict in NEGATIVE
        yield Row("paid_if", (_rule(step),), TONES[step.verdict] if negative else "plain", must=negative, weight=90)
    otherwise = f"Otherwise: {_lower(_rule(decided))}" if decided else f"Otherwise not known: ask {payer}."
    yield Row("paid_otherwise", (otherwise,), must=decided is None, weight=88)


def _lower(text: str) -> str:
    """Return a text with a lower-case first letter, unless it starts with a name or a code."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _verdict(verdict: Verdict, step: CoverageStep) -> str:
    """Return the verdict and the rule that decides, without repeating the verdict."""
    rule, words = _rule(step), VERDICTS[verdict]
    head = _HEADS[verdict]
    if verdict in ("covered", "conditional") or _lower(rule).startswith(words.partition(":")[0]):
        return f"{head}: {_lower(rule)}"
    return f"{head}: {words}. {rule}"


def _rule(step: CoverageStep) -> str:
    """Return a coverage rule in one line, marked if WEAK."""
    text = step.short or f"rule {step.rule}: {VERDICTS[step.verdict]} (cpt explain {step.rule})"
    if step.hit:
        text = f"{step.hit}: {_lower(text)}"
    return f"{text.rstrip('.')} (WEAK)." if is_weak(step) else text


def _depends(pending: list[CoverageStep]) -> str:
    """Return what the verdict depends on, and the options that settle it."""
    options = list(dict.fromkeys(option for step in pending for option in step.options))
    if not options:
        return "Depends:"
    return f"Depends on {' and '.join(_OPEN.get(option, option) for option in options)}: add {', '.join(options)}."


# ------------------------------------------------------------------------------------- how to bill, what to watch


def _bill(answer: Answer) -> Iterator[Row]:
    required = list(dict.fromkeys(each.one_of or (each.modifier,) for each in answer.modifiers if each.required))
    parts = [answer.units.short] if answer.units.short else []
    parts += [f"add {_one_of(choice)}" for choice in required]
    if parts:
        yield Row("bill", ("; ".join(parts) + ".",), weight=92)
    open_ones = [each.modifier for each in answer.modifiers if not each.required]
    if open_ones and answer.coverage.verdict in NEGATIVE:
        yield Row("bill_if", (f"For a denial only: {_one_of(tuple(open_ones))} (--full says when).",), weight=45)


def _one_of(choice: tuple[str, ...]) -> str:
    return ", ".join(choice[:-1]) + f" or {choice[-1]}" if len(choice) > 1 else choice[0]


def _attach(answer: Answer) -> Iterator[Row]:
    if answer.attach:
        yield Row("attach", (answer.attach,), weight=85, must=bool(answer.claim_needs))
    elif answer.claim_needs:
        yield Row("attach", ("; ".join(answer.claim_needs) + ".",), weight=85)


def _remarks(answer: Answer, row: str) -> Iterator[Row]:
    remarks = [each for each in answer.remarks if each.short and each.row == row]
    for number, each in enumerate(sorted(remarks, key=_gravity)):
        yield Row(row, (each.short or "",), "caution" if each.must else "plain", each.must, max(10, 60 - number))


def _gravity(remark: Remark) -> tuple[bool, bool]:
    return not remark.must, remark.kind != "warning"


def _why(step: Step) -> Row:
    over = "" if step.applied or step.code is None else " (not followed)"
    weak = " (WEAK)" if step.code and is_weak(step) else ""
    text = (step.short or f"cpt explain {step.rule}").rstrip(".")
    return Row("why", (LAYERS[step.layer], step.code or "no code", f"{text}{over}{weak}"), weight=80)


def _next(answer: Answer) -> Iterator[Row]:
    yield from _remarks(answer, "next")
    payer = payer_of(answer)
    if answer.branches and answer.question.payer is None and answer.question.setting != "home":
        yield Row("next", ("Name the payer (cpt payers WORDS) or add --state; or add a row's option.",), weight=70)
    elif answer.branches:
        yield Row("next", ("Pick a row: add its option to the command.",), weight=70)
    elif answer.weak or answer.disputed or answer.coverage.verdict == "unknown":
        yield Row("next", (f"Get {payer}'s answer in writing, then keep it: cpt rules add",), weight=72)
