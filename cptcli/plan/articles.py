"""What Medicare's local articles say of a claim line, if they were imported; kept, since an article is long to read."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import structs

from ..bounded_cache import BoundedCache
from ..cms.tables import Tables
from ..model.answer import Answer, Remark
from ..rulebook.book import RuleBook

if TYPE_CHECKING:  # a start without imported articles does not pay for reading them
    from ..cms.coverage_articles import Coverage
    from ..cms.coverage_records import ClaimKind

_MOST_SENTENCES = 2**13


class LocalArticles:
    """The imported articles as a claim line needs them. Every method may raise StoreUnusable or StoreBusy."""

    def __init__(self, book: RuleBook, tables: Tables) -> None:
        self._book = book
        self._tables = tables
        self._kept: BoundedCache[tuple[object, ...], tuple[str, ...]] = BoundedCache(_MOST_SENTENCES)

    @cached_property
    def _coverage(self) -> "Coverage":
        from ..cms.coverage_articles import Coverage

        return Coverage(self._tables)

    @cached_property
    def imported(self) -> bool:
        """Return whether any article was imported."""
        some = any(each.imported for each in self._tables.editions())
        return some and self._coverage.edition("article", date.max) is not None

    def say(
        self,
        code: str,
        day: date,
        payer: str,
        state: str | None,
        diagnoses: Sequence[str],
        claim: "ClaimKind | None" = None,
        equipment: bool = False,
    ) -> tuple[str, ...]:
        """Return what the articles in force at a payer say of a code and diagnoses. Being listed is not coverage."""
        if not self.imported:
            return ()
        key = (code, day, payer, state, claim, equipment, *diagnoses)
        said = self._kept.get(key)
        if said is None:
            from ..advice.article_places import place_of
            from ..advice.articles import articles_for, sentences_of

            place = place_of(self._book, payer, state, None if equipment else claim, equipment)
            subjects = self._book.edition.article_subjects
            found = articles_for(self._coverage, subjects, code, day, place, diagnoses) if place else None
            said = sentences_of(found) if found else ()
            self._kept.keep({key: said})
        return said

    def beside(self, answer: Answer) -> Answer:
        """Return an answer with what the articles say of its code and the diagnoses given."""
        question, code = answer.question, answer.code
        if code is None or question.payer is None:
            return answer
        at_home = question.setting == "home"
        said = self.say(code, question.service_date, question.payer, question.state, question.diagnoses,
                        question.claim, at_home)  # fmt: skip
        if not said:
            return answer
        remarks = tuple(Remark(kind="warning", says=each, short=each) for each in said)
        return structs.replace(
            answer, remarks=(*remarks, *answer.remarks), warnings=tuple(dict.fromkeys((*said, *answer.warnings)))
        )
