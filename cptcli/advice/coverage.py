"""Coverage: will it be paid? Decided apart from the code, national determinations before local rules."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from ..model.answer import Coverage, CoverageStep
from ..model.common import Verdict
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_in_force, is_weak
from .citations import refs, status_on
from .matching import Ask, Case, match
from .ranking import RankedRule, rank_rules
from .wording import VERDICTS, headline, weakness

NEGATIVE: frozenset[Verdict] = frozenset(("not_covered", "investigational", "bundled"))


class CoverageDecision(Struct, frozen=True):
    """The verdict, the rules that decided or might decide, and what would settle it."""

    coverage: Coverage
    rules: tuple[RankedRule, ...]
    asks: tuple[Ask, ...]
    aside: tuple[RankedRule, ...] = ()  # would decide for another provider or claim


def decide_coverage(book: RuleBook, chain: Sequence[str], case: Case, code: str | None) -> CoverageDecision:
    """Return the verdict for the case under the payers of `chain`, the widest first."""
    about = case.about
    ranked = rank_rules(
        book,
        chain,
        case.question.service_date,
        lambda payer: (rule for rule in book.service_rules_of(payer, about) if rule.verdict),
        lambda rule: match(book, rule.applies, case),
    )
    decisive = next((each for each in ranked if each.match.truth == "yes"), None)
    ahead = ranked[: ranked.index(decisive) if decisive else None]
    sure_yes = decisive is not None and decisive.rule.verdict == "covered"
    aside = () if sure_yes else tuple(each for each in ahead if each.match.only_circumstances)
    pending = [each for each in ahead if each not in aside]
    steps = [_step(book, each, each is decisive) for each in ranked if each is decisive or each in pending]
    status = None if decisive else _status_step(book, chain, case, code)
    if status:
        steps.append(status)
    settled: Verdict | None = decisive.rule.verdict if decisive else status.verdict if status else None
    verdicts = {each.rule.verdict for each in pending} | ({settled} if settled else {None})
    verdict = _verdict(settled, verdicts)
    asks = tuple(dict.fromkeys(ask for each in pending for ask in each.match.asks)) if verdict not in NEGATIVE else ()
    return CoverageDecision(
        Coverage(
            verdict=verdict,
            says=_says(book, chain, decisive, pending, status, verdict) + _unlisted(book, chain, case, verdict),
            rules=tuple(step.rule for step in steps),
            steps=tuple(steps),
        ),
        tuple(each for each in ranked if each is decisive or each in pending),
        asks,
        aside,
    )


def _verdict(settled: Verdict | None, verdicts: Collection[Verdict | None]) -> Verdict:
    """Return the verdict: the settled one where no open rule says otherwise. `verdicts` has None where none is settled.

    Exclusions alone that wait for a fact make nothing conditional: without them no rule says that it is paid.
    """
    if settled is None:
        return "unknown" if all(each is None or each in NEGATIVE for each in verdicts) else "conditional"
    if len(verdicts) == 1 or (settled in NEGATIVE and all(each in NEGATIVE for each in verdicts)):
        return settled
    return "conditional"


def _step(book: RuleBook, ranked: RankedRule, decided: bool) -> CoverageStep:
    rule = ranked.rule
    assert rule.verdict is not None
    return CoverageStep(
        rule=rule.id,
        payer=rule.payer or "",
        verdict=rule.verdict,
        decided=decided,
        policy=rule.policy,
        says=rule.says,
        short=headline(rule),
        conditions=tuple(map(str, ranked.match.asks)),
        options=tuple(dict.fromkeys(ask.option for ask in ranked.match.asks if ask.option)),
        hit=ranked.match.hit,
        evidence=rule.evidence,
        confidence=rule.confidence,
        effective=rule.effective,
        ends=rule.ends,
        checked=rule.checked,
        caveat=rule.caveat,
        sources=refs(book, rule.sources),
    )


def _status_step(book: RuleBook, chain: Sequence[str], case: Case, code: str | None) -> CoverageStep | None:
    """Return the verdict of a code's fee-schedule status, for payers that pay by that schedule; None for none."""
    payer = next((key for key in chain if (found := book.payer(key)) and found.fee_schedule), None)
    known = book.code(code) if code else None
    if payer is None or known is None or known.medicare is None:
        return None
    status, seen = status_on(known, case.question.service_date)
    indicator = book.status(status)
    if indicator is None or indicator.verdict is None:
        return None
    return CoverageStep(
        rule=f"{payer}-status-{indicator.status}",
        payer=payer,
        verdict=indicator.verdict,
        decided=True,
        policy=None,
        says=f"Fee schedule status {indicator.status}: {indicator.says} ({seen}).",
        short=f"Medicare's fee schedule: status {indicator.status} ({seen}).",
        conditions=(),
        options=(),
        hit=None,
        evidence="primary",
        confidence=known.medicare.confidence or "medium",
        effective=None,
        ends=None,
        checked=known.checked,
        caveat=None,
        sources=refs(book, indicator.sources),
    )


def _says(
    book: RuleBook,
    chain: Sequence[str],
    decisive: RankedRule | None,
    pending: Sequence[RankedRule],
    status: CoverageStep | None,
    verdict: Verdict,
) -> str:
    """Return the verdict in words: what decided it, or what it depends on. The steps have the rules' own words."""
    if verdict == "unknown" and not pending:
        payer = book.payer(chain[-1]) if chain else None
        who = payer.name if payer else "this payer"
        return f"Not known: no coverage rule found for {who}. Ask the payer."
    decided = ""
    if decisive:
        decided = VERDICTS[decisive.rule.verdict or "unknown"] + _by(book, decisive)
    elif status:
        decided = f"{VERDICTS[status.verdict]} (rule {status.rule})"
    if not pending:
        text = decisive.rule.says if decisive else status.says if status else ""
        return f"{_sentence(decided)} {text}"
    if verdict in NEGATIVE:
        also = ", ".join(f"rule {each.rule.id}" for each in pending)
        return _sentence(f"{decided}; {also} may say the same")
    parts = [f"{_condition(each.match.asks)}: {VERDICTS[each.rule.verdict or 'unknown']}{_by(book, each)}"
             for each in pending]  # fmt: skip
    parts.append(f"otherwise {decided}" if decided else "otherwise not known: ask the payer")
    return _sentence("; ".join(parts))


def _unlisted(book: RuleBook, chain: Sequence[str], case: Case, verdict: Verdict) -> str:
    """Return a caution where the verdict depends on a diagnosis being off a WEAK list; else an empty text."""
    given = ", ".join(case.question.diagnoses)
    for rule in rules_with_lists(book, chain, case) if given and verdict not in NEGATIVE else ():
        lists = (book.diagnosis_list(key) for key in rule.applies.diagnoses)
        if rule.verdict in NEGATIVE and any(listed and listed.confidence == "low" for listed in lists):
            return (
                f" {given} is not on the list of rule {rule.id}, but that list is WEAK: check that the rule does not "
                "exclude it."
            )
    return ""


def rules_with_lists(book: RuleBook, chain: Sequence[str], case: Case) -> list[Rule]:
    """Return the coverage rules in force on this treatment that depend on a diagnosis list, whether met or not."""
    return [
        rule
        for payer in chain
        for rule in book.service_rules_of(payer, case.about)
        if rule.verdict
        and rule.applies.diagnoses
        and (case.modalities & {*rule.applies.modalities} or case.codes & {*rule.applies.codes})
        and is_in_force(rule, case.question.service_date)
    ]


def _condition(asks: Sequence[Ask]) -> str:
    """Return the condition of an open rule in words."""
    return "if " + "; ".join(map(str, asks))


def _by(book: RuleBook, ranked: RankedRule) -> str:
    rule, hit = ranked.rule, ranked.match.hit
    parts = [hit] if hit else []
    lists = [book.diagnosis_list(key) for key in rule.applies.diagnoses if hit]
    parts += ["on a WEAK list" for listed in lists if listed and listed.confidence == "low"]
    parts.append(f"rule {rule.id}")
    if is_weak(rule):
        parts.append(f"weak: {weakness(rule.evidence, rule.confidence)}")
    return f" ({', '.join(parts)})"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
