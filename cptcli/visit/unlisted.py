"""What a line has to carry beside code and units: for an unlisted code, a narrative of what was done."""

from .day import Day


def hold_against_needs(day: Day) -> None:
    """Find unlisted codes without a narrative, and narratives too long for their field."""
    form = day.book.form_of(day.claim)
    for line in day.billed():
        known, narrative = line.known, line.told.narrative
        if known is None or not known.claim_needs:
            continue
        if narrative is None:
            fix = "Write what was done and with what: 'narrative' in a visit file."
            day.find("warn", f"{line.code} needs {known.claim_needs[0]}.", [line], fix=fix, rule=known)
        elif not narrative.strip():
            day.find("block", f"{line.code} has no narrative: without one the line is unprocessable.", [line],
                     fix="Write what was done and with what.", rule=known)  # fmt: skip
        elif form and len(narrative) > form.narrative:
            says = f"The narrative of {line.code} has {len(narrative)} characters; its field holds {form.narrative}."
            fix = "Shorten it; longer papers go as an attachment."
            day.find("block", says, [line], rule=form, fix=fix)
        for need in known.claim_needs[1:]:
            day.find("info", f"{line.code} needs {need}.", [line], rule=known)
