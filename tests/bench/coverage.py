"""For how many codes coverage is known, payer by payer.

    python tests/bench/coverage.py [--on DATE] [--list]

Asks for each code as billed in a clinic, of Medicare, each contractor, and the other large payers: once for the core
codes, once for every code that a clinic bills. Prints how many answers are unknown, conditional, covered or not covered
(bundled and investigational among them). "Unknown" is also an answer that knows one case only and not the others.
--list names the unknown codes of each payer.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from datetime import date

from cptcli.advice.suggest import suggest
from cptcli.model.answer import Answer, Question
from cptcli.model.codes import Code
from cptcli.rulebook.book import RuleBook
from cptcli.rulebook.compiled import open_rules

CORE = (
    "97010", "97012", "97014", "G0283", "97016", "97018", "97022", "97024", "97026", "97032", "97033", "97034",
    "97035", "97036", "97110", "97112", "97113", "97116", "97124", "97129", "97130", "97140", "97150", "97161",
    "97162", "97163", "97164", "97165", "97530", "97535", "97542", "97750", "97760", "98940", "98941", "20560",
)  # fmt: skip
OTHERS = (
    "aetna", "cigna", "unitedhealthcare", "anthem", "humana", "tricare", "va-community-care", "medicaid",
    "california-workers-compensation", "federal-workers-compensation", "new-york-workers-compensation",
    "texas-workers-compensation", "washington-labor-and-industries", "other",
)  # fmt: skip
NOT_OF_A_CLINIC = ("device", "report of function")  # how the kind of a code begins
COLUMNS = ("unknown", "conditional", "covered", "not")


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--on", type=date.fromisoformat, default=date.today(), help="date of service, 2026-11-30")
    options.add_argument("--list", action="store_true", help="name the unknown codes")
    given = options.parse_args()
    book = open_rules()
    for title, codes in (("core codes", CORE), ("all codes that a clinic bills", clinic_codes(book, given.on))):
        print(f"{title} ({len(codes)}), date of service {given.on}")
        print(f"{'':<34}" + "".join(f"{each:>13}" for each in COLUMNS))
        for payer in ("medicare", *contractors(book, given.on), *OTHERS):
            found = {code: column(suggest(book, asked(code, payer, given.on), given.on)) for code in codes}
            counts = Counter(found.values())
            print(f"{payer:<34}" + "".join(f"{counts[each]:>13}" for each in COLUMNS))
            if given.list and (unknown := [code for code in codes if found[code] == "unknown"]):
                print(f"    unknown: {' '.join(unknown)}")
        print()


def clinic_codes(book: RuleBook, day: date) -> list[str]:
    """The codes of the rule base that are in force, and neither equipment nor a report of function."""
    codes = [code for key in book.keys("codes") if (code := book.code(key))]
    return sorted(code.code for code in codes if is_billed_by_clinics(code) and not (code.ends and code.ends < day))


def is_billed_by_clinics(code: Code) -> bool:
    """Whether a clinic bills the code for a service of its own."""
    return not code.kind.startswith(NOT_OF_A_CLINIC)


def contractors(book: RuleBook, day: date) -> Iterator[str]:
    """Medicare's contractors for clinics, the narrowest that the rule base has."""
    for key in book.children("medicare"):
        payer = book.payer(key)
        former = payer is None or payer.kind.startswith("former") or (payer.ends is not None and payer.ends < day)
        if payer and not former and "clinic" in payer.settings and not [*book.children(key)]:
            yield key


def asked(code: str, payer: str, day: date) -> Question:
    """The question for one code as billed, with nothing else given."""
    return Question(service_date=day, payer=payer, code=code)


def column(answer: Answer) -> str:
    """Return the column of an answer: known of one case only is unknown; a code that is not valid is not paid."""
    coverage = answer.coverage
    if answer.code is None and answer.candidate is None:
        return "not"
    if coverage.verdict in ("unknown", "conditional") and not any(step.decided for step in coverage.steps):
        return "unknown"
    return coverage.verdict if coverage.verdict in COLUMNS else "not"


if __name__ == "__main__":
    main()
