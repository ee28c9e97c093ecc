"""What `cpt devices`, `cpt payers`, `cpt modalities` and a search by words list -> a sheet."""

from ..advice.wording import first_sentence
from ..model.lookup import DeviceLine, Hit, Hits, Listing, ModalityLine, PayerLine
from .backing import receipt_text, rules_in_short, table_line
from .sheet import Block, Detail, Row, Section, Sheet, counted


def listing_sheet(listing: Listing) -> Sheet:
    """Return the sheet of a list: a row for each entry, none left out."""
    rows = tuple(Row(listing.kind, (line.id, f"{line.name}: {about(line)}")) for line in listing.lines)
    tables = tuple(Detail("table", "", table_line(each)) for each in listing.tables)
    return Sheet(
        title=(str(len(rows)), listing.kind, ""),
        blocks=(Block("", rows),),
        sections=(Section("CMS tables", tables, listed=True),) if tables else (),
        more=(counted(len(tables), "table"),) if tables else (),
        stamp=rules_in_short(listing.rulebook),
    )


def about(line: DeviceLine | PayerLine | ModalityLine) -> str:
    """Return what a list says about one entry, after its name."""
    match line:
        case DeviceLine():
            codes = f" {', '.join(line.codes)}" if line.codes else ""
            refused = f"; refused: {', '.join(line.refused_codes)}" if line.refused_codes else ""
            fda = f"; FDA: {line.fda.rstrip('.')}" if line.fda else ""
            return (
                f"{line.manufacturer}; {line.modality}, {' and '.join(line.settings)}; manufacturer "
                f"{line.stance.replace('_', ' ')}{codes}{refused}{fda}; {line.evidence}, {line.confidence} confidence"
            )
        case PayerLine():
            states = f", {', '.join(line.states)}" if line.states else ""
            below = f", below {line.parent}" if line.parent else ""
            rules = f"{line.rules} rule{'' if line.rules == 1 else 's'} of its own" if line.rules else "no rule known"
            checked = f", checked {line.checked}" if line.checked else ""
            return f"{line.kind}{below}{states}; {rules}{checked}"
        case ModalityLine():
            if line.ask is None:
                return line.code or "no code known"
            return f"{line.ask} " + "; ".join(f"{answer}: {leads}" for answer, leads in line.answers)


def hits_sheet(hits: Hits) -> Sheet:
    """Return the sheet of a search: a row for each match, with its command and what it is."""
    note = hits.note[:1].upper() + hits.note[1:] if hits.note else ""
    lead = (Row("note", (note if note.endswith(("?", ".")) else f"{note}.",), "caution", must=True),) if note else ()
    rows = tuple(
        Row(hit.kind, (hit.ask_on, f"{hit.name}: {first_sentence(hit.says) or hit.says}"), weight=60 - number)
        for number, hit in enumerate(hits.matches)
    )
    return Sheet(
        title=("", hits.asked, ""),
        lead=lead,
        blocks=(Block("", rows),),
        sections=(Section("In full", tuple(map(_hit, hits.matches))),
                  Section("Rule base", (Detail("rulebook", "version", receipt_text(hits.rulebook)),))),
        stamp=rules_in_short(hits.rulebook),
    )  # fmt: skip


def _hit(hit: Hit) -> Detail:
    return Detail(hit.kind, hit.kind, f"{hit.id}: {hit.name}: {hit.says}", hit.ask_on)
