"""Checks that an unlisted code has a narrative of what was done."""

from .day import Day

_WRITE = "Write what was done and with what."


def check_narrative(day: Day) -> None:
    """Report unlisted codes without a narrative, and narratives too long for their field."""
    form = day.book.form_of(day.claim)
    for line in day.billed():
        known, narrative = line.known, line.given.narrative
        if known is None or not known.claim_needs:
            continue
        if narrative is None:
            needs = f"{line.code} needs {known.claim_needs[0]}."
            day.find("warn", f"{needs} {_WRITE}", [line], fix="Add narrative: in a visit file.", rule=known,
                     short=(needs, f"{needs.partition(':')[0].rstrip('.')}."))  # fmt: skip
        elif not narrative.strip():
            says = f"{line.code} has no narrative: without one the line is unprocessable."
            day.find("block", says, [line], fix=_WRITE, rule=known, short=says)
        elif form and len(narrative) > form.narrative:
            says = f"The narrative of {line.code} has {len(narrative)} characters; its field holds {form.narrative}."
            day.find("block", f"{says} Longer papers go as an attachment.", [line], rule=form,
                     fix="Shorten it, or attach the rest.",
                     short=f"{line.code}: narrative of {len(narrative)} characters; the field holds {form.narrative}.",
                     )  # fmt: skip
        for need in known.claim_needs[1:]:
            needs = f"{line.code} needs {need}."
            day.find("info", needs, [line], rule=known, short=needs)
