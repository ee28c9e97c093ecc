"""Checks that an unlisted code has a narrative of what was done, and what else such a code needs."""

from ..findings.report import Report, Words
from ..model.claim import ClaimForm
from .day import Day, Line, Lines

_WRITE = "Write what was done and with what."


def check_narratives(day: Day, lines: Lines, report: Report) -> None:
    """Find unlisted codes without a narrative, and narratives too long for their field."""
    for line in lines.billed:
        known, narrative = line.known, line.given.narrative
        if known is None or not known.claim_needs:
            continue
        form = day.book.form_of(day.claim)
        at = (line.number,)
        if narrative is None:
            report.find("warn", at, known, _no_narrative, line, known.claim_needs[0])
        elif not narrative.strip():
            report.find("block", at, known, _empty, line)
        elif form and len(narrative) > form.narrative:
            report.find("block", at, form, _too_long, line, len(narrative), form)
        for need in known.claim_needs[1:]:
            report.find("info", at, known, _needs, line, need)


def _no_narrative(line: Line, need: str) -> Words:
    needs = f"{line.code} needs {need}."
    return Words(f"{needs} {_WRITE}", (needs, f"{needs.partition(':')[0].rstrip('.')}."),
                 "Add narrative: in a visit file.")  # fmt: skip


def _empty(line: Line) -> Words:
    says = f"{line.code} has no narrative: without one the line is unprocessable."
    return Words(says, says, _WRITE)


def _too_long(line: Line, length: int, form: ClaimForm) -> Words:
    says = f"The narrative of {line.code} has {length} characters; its field holds {form.narrative}."
    return Words(f"{says} Longer papers go as an attachment.",
                 f"{line.code}: narrative of {length} characters; the field holds {form.narrative}.",
                 "Shorten it, or attach the rest.")  # fmt: skip


def _needs(line: Line, need: str) -> Words:
    needs = f"{line.code} needs {need}."
    return Words(needs, needs)
