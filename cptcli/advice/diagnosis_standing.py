"""The standing of a diagnosis in one article for one code: on a list, off it, on one against it, or not known.

A list counts only where its paragraph plainly says that it is for the code, or where the article has one group of codes
and one list. An ICD-10 code is on a list only if exactly that code is.
"""

from collections.abc import Sequence

from msgspec import Struct

from ..cms.coverage_records import StoredGroup
from ..model.articles import DiagnosisStanding, ListShown, Scope, Standing
from .list_scope import condition, denial, is_secondary, relation, scope, short

_NAMED = 3  # codes that a sentence names
_COUNTS = ("this_code", "article")


class ListFor(Struct, frozen=True):
    """A diagnosis list, and what it is to one code of its article."""

    group: StoredGroup
    scope: Scope
    condition: str | None  # of every diagnosis on it

    @property
    def supports(self) -> bool:
        """Return whether it lists diagnoses that support the code."""
        return self.group.kind == "covered"


def lists_for(groups: Sequence[StoredGroup], code: str) -> tuple[ListFor, ...]:
    """Return the diagnosis lists of an article with what each is to a code; none for a code that it denies."""
    codes = [each for each in groups if each.kind == "codes" and each.count and not _is_set_apart(each)]
    if not any(each.has(code) and denial(each, code) is None for each in codes):
        return ()
    lists = [each for each in groups if each.kind != "codes"]
    found = []
    for each in lists:
        rivals = sum(
            other is not each and other.kind == each.kind and other.count > 0 and not is_secondary(other)
            for other in lists
        )
        covers = scope(each, code, codes, rivals)
        if each.count or covers == "no_limit":
            found.append(ListFor(each, covers, condition(each)))
    return tuple(found)


def _is_set_apart(codes: StoredGroup) -> bool:
    """Return whether a group has codes that the article denies or only relates to its subject: no list is for them."""
    return denial(codes, "") is not None or relation([codes]) is not None


def list_shown(listed: ListFor) -> ListShown:
    """Return a list as it is shown beside a code."""
    group = listed.group
    return ListShown(
        number=group.number,
        supports=listed.supports,
        scope=listed.scope,
        count=group.count,
        short=short(group.text.paragraph),
        paragraph=group.text.paragraph or None,
        condition=listed.condition,
    )


def standing_of(
    document: str, contractor: str, code: str, diagnosis: str, lists: Sequence[ListFor]
) -> DiagnosisStanding:
    """Return the standing of a diagnosis for a code in an article, with the sentence that says so."""
    standing, deciding, more = _standing(diagnosis, lists)
    scope_says = next((short(each.group.text.paragraph) for each in deciding), None)
    says = _SAYS[standing].format(dx=diagnosis, code=code)
    if standing in ("listed", "needs_more", "not_listed") and any(each.scope == "article" for each in deciding):
        says = says.replace(f" for {code}", "")
    if standing == "not_known":
        says = _not_clear(diagnosis, code, deciding)
    if more:
        says = f"{says}: {more}"
    return DiagnosisStanding(
        diagnosis=diagnosis,
        standing=standing,
        lists=tuple(each.group.number for each in deciding if each.group.has(diagnosis)),
        says=f"{document} ({contractor}): {says.rstrip('.')}.",
        scope=scope_says,
    )


_SAYS: dict[Standing, str] = {
    "listed": "{dx} is on its list for {code}",
    "needs_more": "{dx} is on its list for {code}, and more is needed",
    "not_listed": "{dx} is not on its list for {code}",
    "against": "{dx} is on its list of diagnoses that do not support {code}",
    "not_against": "no list of diagnoses that support {code}; {dx} is not on its list of those that do not",
    "no_limit": "no diagnosis limit for {code}",
    "no_list": "no list for {code}",
    "not_known": "",
}


def _standing(diagnosis: str, lists: Sequence[ListFor]) -> tuple[Standing, Sequence[ListFor], str | None]:
    """Return the standing, the lists that decide it, and what more is needed."""
    against = [each for each in lists if not each.supports and each.scope in _COUNTS]
    supporting = [each for each in lists if each.supports and each.scope in _COUNTS]
    unclear = [each for each in lists if each.scope == "unclear"]
    if on := [each for each in against if each.group.has(diagnosis)]:
        if any(each.group.is_marked(diagnosis) or each.condition for each in on):
            return "not_known", on, None
        return "against", on, None
    if on := [each for each in unclear if each.group.has(diagnosis)]:
        return "not_known", on, None
    if part := [each for each in (*against, *supporting) if each.group.under(diagnosis)]:
        longer = ", ".join(part[0].group.under(diagnosis)[:_NAMED])
        return "not_known", part, f"give the full code (the list has {longer})"
    if on := [each for each in supporting if each.group.has(diagnosis)]:
        more = _more(diagnosis, on, supporting)
        return ("needs_more" if more else "listed"), on, more
    if [each for each in unclear if each.supports] or (unclear and not supporting):
        return "not_known", unclear, None
    if supporting:
        return "not_listed", supporting, None
    if against:
        return "not_against", against, None
    free = [each for each in lists if each.scope == "no_limit"]
    return ("no_limit", free, None) if free else ("no_list", (), None)


def _more(diagnosis: str, on: Sequence[ListFor], supporting: Sequence[ListFor]) -> str | None:
    """Return what more than being listed is needed; None for nothing."""
    for each in on:
        if each.group.is_marked(diagnosis):
            return short(each.group.text.note) or "it has an asterisk; read the article"
        if each.condition:
            return each.condition
    others = [each for each in supporting if each not in on and is_secondary(each.group)]
    return f"list {others[0].group.number} is for a second diagnosis" if others else None


def _not_clear(diagnosis: str, code: str, lists: Sequence[ListFor]) -> str:
    """Return the sentence for lists whose paragraph has to be read."""
    on = next((each for each in lists if each.group.has(diagnosis)), None)
    if on is None and all(each.scope in _COUNTS for each in lists):
        return f"not known for {diagnosis}"
    if on is None:
        return f"not known whether {diagnosis} supports {code}: its lists do not say plainly that they are for {code}"
    side = "" if on.supports else " of diagnoses that do not support"
    where = f"{diagnosis} is on its list {on.group.number}{side}"
    return f"{where}; whether and how it counts for {code}, read in its paragraph"
