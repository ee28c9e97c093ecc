"""What a line has to carry beside code and units: for an unlisted code, a narrative of what was done."""

from .day import Day

LONGEST = 80  # characters of the electronic claim's description (005010X222A1, SV101-7 and NTE02)


def hold_against_needs(day: Day) -> None:
    """Find unlisted codes without a narrative, and narratives too long for their field."""
    for line in day.billed():
        known, narrative = line.known, line.told.narrative
        if known is None or not known.claim_needs:
            continue
        if narrative is None:
            fix = "Write what was done and with what: 'narrative' in a visit file."
            day.find("warn", f"{line.code} needs {known.claim_needs[0]}.", [line], fix=fix, sources=known.sources)
        elif not narrative.strip():
            day.find("block", f"{line.code} has no narrative: without one the line is unprocessable.", [line],
                     fix="Write what was done and with what.", sources=known.sources)  # fmt: skip
        elif len(narrative) > LONGEST:
            says = f"The narrative of {line.code} has {len(narrative)} characters; its field holds {LONGEST}."
            fix = "Shorten it; longer papers go as an attachment."
            day.find("block", says, [line], fix=fix, sources=known.sources)
        for need in known.claim_needs[1:]:
            day.find("info", f"{line.code} needs {need}.", [line], sources=known.sources)
