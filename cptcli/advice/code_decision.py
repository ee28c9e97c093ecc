"""The draft of an answer: what the layers have said so far, and the case that rules are checked against."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from ..errors import MissingOption
from ..model.answer import Question, Remark, Step
from ..model.common import Confidence, Evidence, Layer
from ..model.devices import Device
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from ..rulebook.precedence import has_started, is_in_force
from .citations import refs
from .matching import Case, Match, match
from .payer_path import PayerPath, name_of, payer_path, short_name_of
from .question import Settled, settle


class CodeDecision:
    """The working state of one question while the layers decide; not kept after the answer.

    `path` is that of the question's payer, unless another is given. Raises MissingOption where there is no modality,
    device or billed code, or no payer.
    """

    def __init__(self, book: RuleBook, question: Question, path: PayerPath | None = None) -> None:
        self.book = book
        self.question = question
        self._cases: dict[frozenset[str], Case] = {}  # by the codes, in which alone they differ
        self._rules: dict[frozenset[str], tuple[tuple[Rule, Match], ...]] = {}  # the same
        self.steps: list[Step] = []
        self.claim_needs: list[str] = []
        self.named: set[str] = set()  # every code a layer named
        self.code: str | None = None
        self.candidate: str | None = None
        self.refused: str | None = None  # the code that a payer does not accept; a payer below may still accept it
        self.answered_by: Layer | None = None
        self.several: tuple[str, ...] = ()  # equipment codes; the coding verification says which
        self.alternatives: list[tuple[Rule, Match]] = []  # rules that would give another code, once an option is given
        self.contested = False  # a rule may ask for another code, or a dispute or unknown position touches the answer
        if question.modality is None and question.code is None:
            raise MissingOption(["--modality or --device"])
        self.device: Device | None = book.device(question.device) if question.device else None
        narrower = self.device and question.modality in book.modality_chain(self.device.modality)
        self.modality = self.device.modality if self.device and narrower else question.modality
        self.settled = (
            settle(book, self.modality, question.answers, self.device is not None)
            if self.modality
            else Settled(None, question.code)
        )
        billed = question.code if self.modality is None else None
        self.possible = frozenset(book.linked("modalities_of_code", billed)) if billed else frozenset()
        self.wider = frozenset(wider for key in self.possible for wider in book.modality_chain(key))
        self.path = path or payer_path(book, question.payer, question.state, question.setting, question.service_date)
        self.chain = self.path.chain
        self.remarks: list[Remark] = [*self.path.remarks]

    @property
    def payer(self) -> str:
        """Return the name of the payer that decides."""
        return self.payer_name(self.chain[-1])

    def payer_name(self, key: str | None) -> str:
        """Return a payer's name from its id."""
        return name_of(self.book, key)

    def short_name(self, key: str | None) -> str:
        """Return a payer's short name from its id."""
        return short_name_of(self.book, key)

    def warn(self, text: str, short: str | None = None, must: bool = False) -> None:
        """Add a warning. `short` is its line on the first screen; with `must` that line is never left out."""
        self.remarks.append(Remark(kind="warning", says=text, short=short, must=must))

    def prepare(self, text: str, short: str | None = None) -> None:
        """Add something to note or do before the claim is sent."""
        self.remarks.append(Remark(kind="before_you_bill", says=text, short=short))

    def next_step(self, text: str, short: str) -> None:
        """Add the next step; it stays on the first screen."""
        self.remarks.append(Remark(kind="before_you_bill", says=text, short=short, must=True, row="next"))

    @property
    def warnings(self) -> list[str]:
        """Return the warnings in full, each once."""
        return list(dict.fromkeys(each.says for each in self.remarks if each.kind == "warning"))

    @property
    def before_you_bill(self) -> list[str]:
        """Return what to do before the claim is sent, in full, each once."""
        return list(dict.fromkeys(each.says for each in self.remarks if each.kind == "before_you_bill"))

    def case(self, codes: frozenset[str] | None = None) -> Case:
        """Return the case so far, with every code a layer named, or with `codes` only."""
        named = frozenset(self.named) if codes is None else codes
        case = self._cases.get(named)
        if case is None:
            case = self._cases[named] = self._make_case(named)
        return case

    def _make_case(self, codes: frozenset[str]) -> Case:
        kinds = {self.settled.modality, self.modality}
        if self.device:
            kinds.add(self.device.modality)
        return Case(
            self.question,
            frozenset(wider for kind in kinds if kind for wider in self.book.modality_chain(kind)),
            self.book.manufacturer_of(self.device.id) if self.device else None,
            codes,
            frozenset() if kinds - {None} else self.possible,
            frozenset() if kinds - {None} else self.wider,
        )

    def rules(self, case: Case) -> tuple[tuple[Rule, Match], ...]:
        """Return each rule in force on the date of service that applies or may apply, the widest payer first."""
        rules = self._rules.get(case.codes)
        if rules is None:
            every = (rule for payer in self.chain for rule in self.book.service_rules_of(payer, case.about))
            rules = self._rules[case.codes] = tuple(self._matched(every, case))
        return rules

    def code_rules(self, payer: str, own: bool) -> list[tuple[Rule, Match]]:
        """Return one payer's rules that may apply and say something about the code; `own`: the clinic's own."""
        case = self.case()
        rules = self.book.service_rules_of(payer, case.about)
        speaking = (rule for rule in rules if rule.code or rule.accepts or rule.refuses)
        return [*self._matched((rule for rule in speaking if self.book.is_clinic_rule(rule.id) == own), case)]

    def _matched(self, rules: Iterable[Rule], case: Case) -> Iterator[tuple[Rule, Match]]:
        for rule in rules:
            if is_in_force(rule, self.question.service_date):
                found = match(self.book, rule.applies, case)
                if found.truth != "no":
                    yield rule, found

    def overruled_codes(self) -> set[str]:
        """Return the ids of rules that a matching rule replaces; a rule that has ended still replaces them."""
        case, day = self.case(), self.question.service_date
        return {
            key
            for payer in self.chain
            for rule in self.book.service_rules_of(payer, case.about)
            if rule.code and has_started(rule, day) and match(self.book, rule.applies, case).truth == "yes"
            for key in rule.replaces
        }

    def step(
        self,
        layer: Layer,
        says: str,
        evidence: Evidence,
        confidence: Confidence,
        checked: date,
        sources: Sequence[str],
        rule: str | None = None,
        code: str | None = None,
        replaces: str | None = None,
        applied: bool = True,
        caveat: str | None = None,
        short: str | None = None,
        caveat_short: str | None = None,
        effective: date | None = None,
        ends: date | None = None,
    ) -> None:
        """Add a step. A step that applies and names a code sets the current code."""
        self.steps.append(
            Step(
                layer=layer,
                rule=rule,
                code=code,
                replaces=replaces,
                says=says,
                short=short,
                evidence=evidence,
                confidence=confidence,
                effective=effective,
                ends=ends,
                checked=checked,
                applied=applied,
                caveat=caveat,
                caveat_short=caveat_short,
                sources=refs(self.book, sources),
            )
        )
        if code and applied:
            self.named.add(code)
            self.code, self.answered_by = code, layer

    def withdraw(self) -> None:
        """Clear the code; the steps keep what was named."""
        self.code, self.answered_by = None, None

    def last_word(self) -> Step | None:
        """Return the last step that applied and named a code."""
        return next((step for step in reversed(self.steps) if step.applied and step.code), None)
