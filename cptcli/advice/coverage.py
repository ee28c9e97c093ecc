"""Will it be paid: decided apart from the code, the national determination before the local rule."""

from collections.abc import Sequence

from msgspec import Struct

from ..model import Coverage, CoverageStep, Rule, Verdict
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_in_force, is_weak
from .matching import Case, match
from .receipts import refs, status_on
from .weighing import Weighed, weigh
from .wording import VERDICTS, weakness

NEGATIVE: frozenset[Verdict] = frozenset(("not_covered", "investigational", "bundled"))


class Decided(Struct, frozen=True):
    """The verdict, the rules that decided or might, and what to ask to be surer."""

    coverage: Coverage
    rules: tuple[Weighed, ...]
    asks: tuple[str, ...]
    aside: tuple[
        Weighed, ...
    ] = ()  # would speak if somebody else treated, or on another claim; shown beside the verdict


def decide_coverage(book: RuleBook, chain: Sequence[str], case: Case, code: str | None) -> Decided:
    """The verdict for the case under the payers of `chain`, the widest first."""
    weighed = weigh(
        book,
        chain,
        case.question.service_date,
        lambda payer: (rule for rule in book.service_rules_of(payer) if rule.verdict),
        lambda rule: match(book, rule.applies, case),
    )
    decisive = next((each for each in weighed if each.match.truth == "yes"), None)
    ahead = weighed[: weighed.index(decisive) if decisive else None]
    sure_yes = decisive is not None and decisive.rule.verdict == "covered"
    aside = () if sure_yes else tuple(each for each in ahead if each.match.aside)
    pending = [each for each in ahead if each not in aside]
    steps = [_step(book, each, each is decisive) for each in weighed if each is decisive or each in pending]
    status = None if decisive else _status_step(book, chain, case, code)
    if status:
        steps.append(status)
    settled: Verdict | None = decisive.rule.verdict if decisive else status.verdict if status else None
    verdicts = {each.rule.verdict for each in pending} | ({settled} if settled else {None})
    verdict: Verdict = (
        "unknown"
        if not steps
        else settled
        if settled and (len(verdicts) == 1 or (settled in NEGATIVE and verdicts <= NEGATIVE))
        else "conditional"
    )
    asks = tuple(dict.fromkeys(ask for each in pending for ask in each.match.asks)) if verdict not in NEGATIVE else ()
    return Decided(
        Coverage(
            verdict=verdict,
            says=_says(book, chain, decisive, pending, status, verdict) + _unlisted(book, chain, case, verdict),
            rules=tuple(step.rule for step in steps),
            steps=tuple(steps),
        ),
        tuple(each for each in weighed if each is decisive or each in pending),
        asks,
        aside,
    )


def _step(book: RuleBook, weighed: Weighed, decided: bool) -> CoverageStep:
    rule = weighed.rule
    assert rule.verdict is not None
    return CoverageStep(
        rule=rule.id,
        payer=rule.payer or "",
        verdict=rule.verdict,
        decided=decided,
        policy=rule.policy,
        says=rule.says,
        evidence=rule.evidence,
        confidence=rule.confidence,
        effective=rule.effective,
        ends=rule.ends,
        checked=rule.checked,
        caveat=rule.caveat,
        sources=refs(book, rule.sources),
    )


def _status_step(book: RuleBook, chain: Sequence[str], case: Case, code: str | None) -> CoverageStep | None:
    """What a code's fee-schedule letter alone settles, for payers that pay by that schedule."""
    payer = next((key for key in chain if (held := book.payer(key)) and held.fee_schedule), None)
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
    decisive: Weighed | None,
    pending: Sequence[Weighed],
    status: CoverageStep | None,
    verdict: Verdict,
) -> str:
    """The verdict in words: what decided it, or what it hangs on. The rules' own words stand in the steps."""
    if verdict == "unknown":
        payer = book.payer(chain[-1]) if chain else None
        who = payer.name if payer else "this payer"
        return f"Not known: the rule base holds no rule on paying for this ({who}). That is not a yes; ask the payer."
    decided = ""
    if decisive:
        decided = VERDICTS[decisive.rule.verdict or "unknown"] + _by(book, decisive)
    elif status:
        decided = f"{VERDICTS[status.verdict]} (rule {status.rule})"
    if not pending:
        says = decisive.rule.says if decisive else status.says if status else ""
        return f"{_sentence(decided)} {says}"
    if verdict in NEGATIVE:
        also = ", ".join(f"rule {each.rule.id}" for each in pending)
        return _sentence(f"{decided}; {also} may say the same")
    parts = [f"{_condition(each.match.asks)}: {VERDICTS[each.rule.verdict or 'unknown']}{_by(book, each)}"
             for each in pending]  # fmt: skip
    parts.append(f"otherwise {decided}" if decided else "otherwise not known, which is not a yes")
    return _sentence("; ".join(parts))


def _unlisted(book: RuleBook, chain: Sequence[str], case: Case, verdict: Verdict) -> str:
    """A word of caution where the verdict rests on a diagnosis not being on a list that is itself uncertain."""
    told = ", ".join(case.question.diagnoses)
    for rule in hanging_on_lists(book, chain, case) if told and verdict not in NEGATIVE else ():
        lists = (book.diagnosis_list(key) for key in rule.applies.diagnoses)
        if rule.verdict in NEGATIVE and any(held and held.confidence == "low" for held in lists):
            return (
                f" That holds only if {told} is none of what rule {rule.id} excludes: it is not on the list, and the "
                "list is of low confidence."
            )
    return ""


def hanging_on_lists(book: RuleBook, chain: Sequence[str], case: Case) -> list[Rule]:
    """The coverage rules in force about this treatment that hang on a list of diagnoses, met or not."""
    return [
        rule
        for payer in chain
        for rule in book.service_rules_of(payer)
        if rule.verdict
        and rule.applies.diagnoses
        and (case.modalities & {*rule.applies.modalities} or case.codes & {*rule.applies.codes})
        and is_in_force(rule, case.question.service_date)
    ]


def _condition(asks: Sequence[str]) -> str:
    """What an open rule waits for: an option that tells it, or words that must be so."""
    told = [ask for ask in asks if "(--" in ask]
    return "hangs on " + "; ".join(told) if len(told) == len(asks) else "if " + "; ".join(asks)


def _by(book: RuleBook, weighed: Weighed) -> str:
    rule, hit = weighed.rule, weighed.match.hit
    parts = [hit] if hit else []
    lists = [book.diagnosis_list(key) for key in rule.applies.diagnoses if hit]
    parts += ["on a list of low confidence" for listed in lists if listed and listed.confidence == "low"]
    parts.append(f"rule {rule.id}")
    if is_weak(rule):
        parts.append(f"weak: {weakness(rule.evidence, rule.confidence)}")
    return f" ({', '.join(parts)})"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
