"""An answer in the making: what the layers have said so far, and the case that rules are held against."""

from collections.abc import Iterator, Sequence
from datetime import date

from ..errors import MissingOption
from ..model import Confidence, Device, Evidence, Layer, Payer, Question, Rule, Step, Table
from ..rulebook.book import RuleBook
from ..rulebook.precedence import has_started, is_in_force
from .asking import Settled, contractor_for, settle
from .matching import Case, Match, match
from .receipts import refs


class Draft:
    """One question on its way through the layers; thrown away with its answer.

    Raises MissingOption where neither modality, device nor billed code, or no payer, is named.
    """

    def __init__(self, book: RuleBook, question: Question) -> None:
        self.book = book
        self.question = question
        self.steps: list[Step] = []
        self.warnings: list[str] = []
        self.before_you_bill: list[str] = []
        self.claim_needs: list[str] = []
        self.named: set[str] = set()  # every code a layer named
        self.code: str | None = None
        self.candidate: str | None = None
        self.refused: str | None = None  # the code that a payer does not take; a payer below may still take it
        self.answered_by: Layer | None = None
        self.resolved: str | None = None
        self.contractors: Table | None = None  # by which the state found its contractor
        self.contested = False  # a rule may want another code, or a dispute or unknown position touches the answer
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
        self.chain = self._payers()

    def _payers(self) -> tuple[str, ...]:
        """The payer whose rules count, with those it inherits from, the widest first."""
        question, book = self.question, self.book
        if question.payer is None:
            if question.setting != "home":
                raise MissingOption(["--payer"])
            home = book.edition.home_payer
            self.warnings.append(f"No payer named (--payer): equipment is answered as for {self.payer_name(home)}.")
            return book.payer_chain(home)
        held = book.payer(question.payer)
        assert held is not None
        self._warn_of_payer(held)
        if question.state is None:
            if held.ask_state:
                self.warnings.append(
                    "Answered by national rules alone: name the state (--state) for the contractor that decides what "
                    "they leave open."
                )
            return book.payer_chain(held.id)
        if contractor := contractor_for(book, held.id, question.state, question.setting):
            known = book.payer(contractor)
            assert known is not None
            words = (f"{question.state} belongs to {known.name}", known.says, known.caveat)
            self.resolved = ". ".join(each.rstrip(".") for each in words if each) + "."
            self._by_state(question.state)
            return book.payer_chain(contractor)
        below = [known for key in book.children(held.id) if (known := book.payer(key))]
        states = {*held.states, *(state for each in below for state in each.states)}
        if any(each.jurisdiction and each.states for each in (held, *below)):
            self._by_state(question.state)
        if states and question.state not in states:
            self.warnings.append(
                f"{held.name} is known here for {', '.join(sorted(states))}, not {question.state}: check who pays."
            )
        return book.payer_chain(held.id)

    def _by_state(self, state: str) -> None:
        """Note that the answer leans on the table of contractors by state, and on which days that is no proof."""
        table = self.contractors = self.book.table("medicare-contractors")
        day = self.question.service_date
        if table and day < table.effective:
            self.warnings.append(
                f"Contractors by state are held from {table.effective} on: on {day} another may have decided for "
                f"{state}, so its own rules are not certain for that day."
            )

    def _warn_of_payer(self, held: Payer) -> None:
        """Say so where the payer that was named has ended, or does not decide for this setting or any more."""
        question = self.question
        if held.ends and question.service_date > held.ends:
            self.warnings.append(f"{held.name} ended on {held.ends}: find out who pays now.")
        if question.setting not in held.settings:
            where = " and ".join(held.settings)
            self.warnings.append(f"{held.name} decides for the {where} only, not for the {question.setting}.")
        for wider in self.book.payer_chain(held.id)[:-1]:
            above = self.book.payer(wider)
            if above is None or not above.ask_state or held.jurisdiction:
                continue
            today = (contractor_for(self.book, wider, state, question.setting) for state in held.states)
            for key in dict.fromkeys(filter(None, today)):
                now = self.book.payer(key)
                states = [state for state in held.states if now and state in now.states]
                self.warnings.append(f"{self.payer_name(key)}, not {held.name}, has {', '.join(states)} today.")

    @property
    def payer(self) -> str:
        """The name of the payer that decides."""
        return self.payer_name(self.chain[-1])

    def payer_name(self, key: str | None) -> str:
        """A payer's name by id."""
        held = self.book.payer(key) if key else None
        return held.name if held else str(key)

    def case(self, codes: frozenset[str] | None = None) -> Case:
        """The case as it stands: with every code a layer named, or with `codes` alone."""
        kinds = {self.settled.modality, self.modality}
        if self.device:
            kinds.add(self.device.modality)
        return Case(
            self.question,
            frozenset(wider for kind in kinds if kind for wider in self.book.modality_chain(kind)),
            self.book.manufacturer_of(self.device.id) if self.device else None,
            frozenset(self.named) if codes is None else codes,
            frozenset() if kinds - {None} else self.possible,
        )

    def rules(self, case: Case) -> Iterator[tuple[Rule, Match]]:
        """Every rule of the payers that is in force on the day and may apply to the case, the widest payer first."""
        for payer in self.chain:
            for rule in self.book.service_rules_of(payer):
                if is_in_force(rule, self.question.service_date):
                    held = match(self.book, rule.applies, case)
                    if held.truth != "no":
                        yield rule, held

    def overruled_codes(self) -> set[str]:
        """The code rules that a matching rule replaces by name; one that has ended brings nothing back."""
        case, day = self.case(), self.question.service_date
        return {
            key
            for payer in self.chain
            for rule in self.book.service_rules_of(payer)
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
        effective: date | None = None,
        ends: date | None = None,
    ) -> None:
        """Leave a step; one that applies and names a code makes it the code so far."""
        self.steps.append(
            Step(
                layer=layer,
                rule=rule,
                code=code,
                replaces=replaces,
                says=says,
                evidence=evidence,
                confidence=confidence,
                effective=effective,
                ends=ends,
                checked=checked,
                applied=applied,
                caveat=caveat,
                sources=refs(self.book, sources),
            )
        )
        if code and applied:
            self.named.add(code)
            self.code, self.answered_by = code, layer

    def withdraw(self) -> None:
        """Take the code back: what was named stays in the steps."""
        self.code, self.answered_by = None, None

    def last_word(self) -> Step | None:
        """The step that named the code last."""
        return next((step for step in reversed(self.steps) if step.applied and step.code), None)
