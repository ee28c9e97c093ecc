"""Days in a table: what is asked, and what the answer must hold. The heads of the tables say how they are written."""

from conftest import TODAY

from cptcli.cms.tables import open_tables
from cptcli.model.visit import Visit
from cptcli.plan.plans import Plans
from cptcli.visit.check import check, is_finding
from cptcli.visit.reading import read_line, with_options
from cptcli.visit.tidying import tidied


def visit_of(asks):
    """A visit of short lines and what else is given."""
    options = {"payer": "medicare", "service_date": "2024-08-01", **asks}
    lines = tuple(map(read_line, options.pop("lines")))
    options["diagnoses"] = options.pop("diagnosis", [])
    return with_options(tidied(Visit(lines=lines), "a case"), **options)


def got(answer, key, wanted):
    """What an answer holds for a key of `gives`, in the form in which it is written."""
    said = "\n".join(f"{each.says} {each.short} {each.fix}" for each in answer.findings)
    severities = {each.rule: each.severity for each in reversed(answer.findings)}
    match key:
        case "claim_lines":
            return sorted(f"{'-'.join((each.code, *each.modifiers))} x{each.units}" for each in answer.claim_lines)
        case "finds":
            return {rule: severities.get(rule) for rule in wanted}
        case "no_rule":
            return [rule for rule in wanted if rule not in severities]
        case "says":
            return wanted if wanted in said else said
        case "unchecked":
            return wanted if wanted in "\n".join(answer.unchecked) else answer.unchecked
        case "clean":
            return not is_finding(answer)
        case "tie":
            return bool(answer.ties)
        case "units":
            return {code: answer.units.get(code) for code in wanted}
    return getattr(answer, key)


def as_written(key, wanted):
    """What is wanted, in the order in which answers have it."""
    return sorted(wanted) if key == "claim_lines" else wanted


def holds(book, asked):
    """Nothing where a day comes to what is written, else what it comes to."""
    with open_tables(shipped_alone=True) as tables:
        answer = check(Plans(book, tables, TODAY), visit_of(asked["asks"]))
    gives = {key: as_written(key, wanted) for key, wanted in asked["gives"].items()}
    found = {key: got(answer, key, wanted) for key, wanted in gives.items()}
    return {key: found[key] for key in gives if found[key] != gives[key]}
