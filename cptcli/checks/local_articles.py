"""Says what Medicare's local articles, if they were imported, make of the diagnoses of each line."""

from collections.abc import Mapping

from ..findings.report import Report, Words
from .day import Day, Lines


def check_local_articles(day: Day, lines: Lines, diagnoses: Mapping[str, str], report: Report) -> None:
    """Find what the contractor's articles in force say of a line's code and diagnoses. Being listed is not coverage.

    `diagnoses` are those of the visit, by letter.
    """
    articles = day.plans.articles
    if not day.by_fee_schedule or not articles.imported:
        return
    for line in lines.billed:
        letters = line.given.diagnoses or tuple(diagnoses)
        equipment = line.known is not None and line.known.coding_verification
        own = [diagnoses[letter] for letter in letters]
        for said in articles.say(line.code, day.service_date, day.payer, day.state, own, day.claim, equipment):
            report.find("info", (line.number,), None, _as_said, said)


def _as_said(sentence: str) -> Words:
    return Words(sentence, sentence, about="coverage")
