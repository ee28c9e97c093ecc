"""What --full adds to an answer of `cpt suggest`: every step, rule, warning and source."""

from collections.abc import Iterator

from ..model.answer import Answer, Branch, CoverageStep, Step
from ..model.common import Verdict
from .backing import coverage_cited, receipt_text, source_line, step_cited, table_line
from .sheet import Detail, Section

LAYERS = {"code_set": "code set", "manufacturer": "manufacturer", "payer": "payer", "clinic": "your rules"}


def sections(answer: Answer) -> Iterator[Section]:
    """Return the sections of an answer, without empty ones."""
    every = (
        Section("In full", (Detail("summary", "summary", answer.summary),
                            Detail("coverage_says", "coverage", answer.coverage.says))),
        Section("Every case", tuple(map(_branch, answer.branches)), listed=True),
        Section("Why this code", tuple(_step(number, step) for number, step in enumerate(answer.steps, 1))),
        Section("Coverage rules weighed", tuple(map(_coverage_step, answer.coverage.steps))),
        Section("On the claim", tuple(_on_the_claim(answer))),
        Section("The claim also needs", _listed("claim_needs", answer.claim_needs), listed=True),
        Section("Warnings", _listed("warning", answer.warnings), listed=True),
        Section("Before you bill", _listed("before_you_bill", answer.before_you_bill), listed=True),
        Section("What was asked", tuple(_question(answer))),
        Section("Sources", _listed("source", sources(answer)), listed=True),
        Section("CMS tables", _listed("table", map(table_line, answer.tables)), listed=True),
        Section("Rule base", (Detail("rulebook", "version", receipt_text(answer.rulebook)),)),
    )  # fmt: skip
    return (section for section in every if section.details)


_IN_SHORT: dict[Verdict, str] = {"conditional": "depends", "unknown": "not known"}


def branch_cells(branch: Branch) -> tuple[str, str, str, str]:
    """Return the table cells of a branch: condition, code, verdict, and the option that picks it."""
    code = branch.code or (f"({branch.candidate})" if branch.candidate else "no code")
    return (
        branch.condition,
        f"{code} WEAK" if branch.weak else code,
        verdict_in_short(branch.coverage.verdict),
        branch.option,
    )


def verdict_in_short(verdict: Verdict) -> str:
    """Return a verdict as shown in a table."""
    return _IN_SHORT.get(verdict, verdict.replace("_", " "))


def _branch(branch: Branch) -> Detail:
    condition, *cells = branch_cells(branch)
    return Detail("case", "", f"{condition}: {', '.join(cells)}. {branch.coverage.says}", branch.sure)


def _listed(name: str, texts: Iterator[str] | tuple[str, ...] | list[str]) -> tuple[Detail, ...]:
    return tuple(Detail(name, "", text) for text in texts)


def _step(number: int, step: Step) -> Detail:
    code = step.code or "no code"
    replaces = f" instead of {step.replaces}" if step.replaces else ""
    over = "" if step.applied or step.code is None else " (not followed)"
    caveat = f" Caveat: {step.caveat}" if step.caveat else ""
    text = f"{code}{replaces}{over}: {step.says}{caveat}"
    return Detail("step", f"{number}. {LAYERS[step.layer]}", text, step_cited(step))


def _coverage_step(step: CoverageStep) -> Detail:
    may = "" if step.decided else f"may apply, if {'; '.join(step.conditions)}: " if step.conditions else "may apply: "
    caveat = f" Caveat: {step.caveat}" if step.caveat else ""
    verdict = step.verdict.replace("_", " ")
    return Detail("coverage_step", verdict, f"{may}{step.says}{caveat}", coverage_cited(step))


def _on_the_claim(answer: Answer) -> Iterator[Detail]:
    yield Detail("units", "units", answer.units.says)
    for each in answer.modifiers:
        required = "required" if each.required else "not always"
        yield Detail("modifier", each.modifier, f"{required}: {each.says}")


def _question(answer: Answer) -> Iterator[Detail]:
    asked = answer.question
    for name in ("modality", "device", "payer", "state"):
        if value := getattr(asked, name):
            yield Detail(name, name, value)
    if answer.payer and answer.payer.id != asked.payer:
        yield Detail("resolved", "decided by", answer.payer.id)
    yield Detail("setting", "setting", asked.setting)
    if asked.diagnoses:
        yield Detail("diagnoses", "diagnoses", ", ".join(asked.diagnoses))
    yield Detail("service_date", "date of service", asked.service_date.isoformat())


def sources(answer: Answer) -> list[str]:
    """Return every source of the answer once, in the order cited."""
    ranked = [*answer.coverage.steps, *(step for branch in answer.branches for step in branch.coverage.steps)]
    cited = {each.id: each for step in answer.steps for each in step.sources}
    cited |= {each.id: each for step in ranked for each in step.sources}
    return [source_line(each) for each in cited.values()]
