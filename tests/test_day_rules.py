"""The rules about a day are ranked once for all that they look at, and no more is kept than a bound."""

from datetime import timedelta

from cptcli.advice.matching import Case
from cptcli.bounded_cache import BoundedCache
from cptcli.model.answer import Question
from cptcli.model.rules import Applies
from cptcli.plan.day_rules import LOOKS_AT, day_rules, ranked_for

_OF_THE_CODE = {"devices", "manufacturers", "modalities", "codes", "other_than", "therapy", "condition"}


def _rules_on(book, day, claim, code="97110"):
    question = Question(service_date=day, payer="medicare", claim=claim, discipline="PT")
    case = Case(question, frozenset(), None, frozenset([code]))
    return {rule.id for rule in day_rules([ranked_for(book, ("medicare",), day, case)]).rules}


def test_every_condition_of_a_rule_is_part_of_what_its_ranking_is_kept_by():
    assert {*LOOKS_AT} | _OF_THE_CODE == {*Applies.__struct_fields__}
    assert {*LOOKS_AT.values()} <= {*Question.__struct_fields__}


def test_a_rule_about_a_day_holds_from_its_first_day_to_its_last_and_for_its_claims_alone(book):
    claims = ("professional", "institutional")
    one = timedelta(1)
    dated = [rule for rule in book.visit_rules_of("medicare") if rule.effective and rule.ends]
    assert any(rule.applies.claims for rule in dated)
    for rule in dated:
        for claim in claims:
            days = (rule.effective - one, rule.effective, rule.ends, rule.ends + one)
            code = next(iter(rule.applies.codes), "97129" if rule.applies.therapy == "sometimes" else "97110")
            held = [rule.id in _rules_on(book, day, claim, code) for day in days]
            applies = claim in (rule.applies.claims or claims)
            assert held == [False, applies, applies, False], (rule.id, claim)


def test_what_is_kept_is_worked_out_once_and_never_grows_beyond_its_bound():
    kept, made = BoundedCache(), []
    for key in (*range(20_000), 19_999):
        assert kept.once(key, lambda key=key: made.append(key) or str(key)) == str(key)
    assert len(made) == 20_000
    assert len(kept) <= 8192
