"""Works out what a line's code comes to: which code the payer requires, is it covered, who pays if it is not."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import structs

from ..advice import notes
from ..advice.citations import existence, status_on
from ..advice.code_decision import CodeDecision
from ..advice.coverage import NEGATIVE, CoverageDecision, rules_with_lists
from ..advice.layers import NeedsAnswer
from ..advice.matching import Match
from ..advice.payer_path import PayerPath, pays_by_fee_schedule, short_name_of
from ..advice.question import resolve_device
from ..advice.suggest import decide
from ..advice.wording import VERDICTS, weakness
from ..errors import AmbiguousName, BadValue, CptError, UnknownName
from ..findings.phrases import code_first, in_short, weak_mark
from ..findings.report import Entry, Found, Words
from ..model.answer import CoverageStep, Question
from ..model.codes import Code, Therapy
from ..model.common import Notice, Verdict
from ..model.rules import DiagnosisList, Rule
from ..model.visit import Severity
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_in_force, is_weak
from .day_rules import day_rules, ranked_for
from .needs import needs_of
from .open_coverage import denied_by_own_provider, first_diagnosis_of, may_be_denied
from .service import About, Service, ServiceKey

_ASK = "Try cpt suggest, or ask the payer."


def work_out(book: RuleBook, key: ServiceKey, path: PayerPath, today: date) -> Service:
    """Return the service of a line: what `cpt suggest` decides of its code, and what has to be said of it."""
    return _Working(book, key, path, today).service()


class _Working:
    """One service on its way, with its findings."""

    def __init__(self, book: RuleBook, key: ServiceKey, path: PayerPath, today: date) -> None:
        self.book, self.key, self.path, self.today = book, key, path, today
        self.question: Question = key.question
        self.code: str = key.question.code or ""
        self.known: Code | None = book.code(self.code)
        self.off_claim = False
        self.findings: list[tuple[About, Found]] = []
        self.liability: list[str] = []
        self.draft, self.decided = decide(book, key.question, path)

    def find(
        self,
        severity: Severity,
        says: str,
        entry: Entry | None = None,
        fix: str | None = None,
        sources: Sequence[str] = (),
        *,
        short: str | Sequence[str],
        about: About = "line",
        coverage: bool = False,
    ) -> None:
        """Add a finding about the line, or about the day."""
        words = Words(says, short, fix, tuple(sources), "coverage" if coverage else None)
        self.findings.append((about, Found(severity, (), entry, as_worded, (words,))))

    def service(self) -> Service:
        """Return the service."""
        if self.known and (gone := existence(self.book, self.known, self.question.service_date, self.path.chain)):
            self.off_claim = True
            self.find("block", gone, self.known, "Bill a code valid that day.", short=gone)
        if self.key.device:
            self._device(self.key.device)
        self._payers_code()
        uncovered = self._coverage()
        case = self.draft.case(frozenset([self.code]))
        rules = self.draft.rules(case)
        ranked = ranked_for(self.book, self.path.chain, self.question.service_date, case)
        requiring = tuple((rule, found) for rule, found in rules if _may_require(rule, found))
        units = self.known.units if self.known else None
        therapy = bool(self.known and self.known.therapy_modifiers)
        steps = self.decided.coverage.steps
        return Service(
            code=self.code,
            known=self.known,
            decided=self.decided,
            off_claim=self.off_claim,
            findings=tuple(self.findings),
            liability=tuple(self.liability),
            uncovered=uncovered,
            rules=rules,
            requiring=requiring,
            needs=needs_of(requiring, self.known, self.key.discipline, self.liability),
            unlisted=_is_unlisted(self.known),
            limiting=tuple(
                (rule, rule.most_units) for rule, found in rules if rule.most_units is not None and found.truth == "yes"
            ),
            first_diagnosis=first_diagnosis_of(self.decided, rules, self.path.chain),
            weighs_diagnoses=bool(rules_with_lists(self.book, self.path.chain, case)),
            ranked=ranked,
            day_rules=day_rules([ranked]),
            units=units,
            timed=units.timed if units else None,
            pool_minutes=units.minutes_per_unit if units and units.timed and units.pooled and therapy else None,
            deniable=may_be_denied(self.decided, self.key.discipline),
            negative=self.decided.coverage.verdict in NEGATIVE,
            excluded=any(step.verdict in NEGATIVE for step in steps),
            therapy=therapy,
        )

    # ------------------------------------------------------------------------------------------- the code

    def _device(self, asked: str) -> None:
        """Check the code that was typed against what the payer requires for the device on the line."""
        book = self.book
        try:
            key = resolve_device(book, asked, self.question.setting)
            device = book.device(key)
            modality = book.modality_chain(device.modality)[-1] if device else None
            draft, decided = decide(
                book, structs.replace(self.question, code=None, device=key, modality=modality), self.path
            )
        except (UnknownName, AmbiguousName, NeedsAnswer, BadValue) as error:
            self.find("warn", f"What the device on the line means for its code was not checked. {error}",
                      fix=_how_to_name(error), short=f"{self.code}: device not checked: {error}")  # fmt: skip
            return
        if draft.code and draft.code != self.code and device:
            rule = _last_rule(draft)
            who = f"{short_name_of(book, rule.payer)}{weak_mark(rule)}" if rule else _layer(draft)
            self.find(
                "warn",
                f"{device.name}: the code is {draft.code}, not {self.code}, by {_who_decided(draft)}.",
                rule,
                f"Bill {draft.code}, or document why {self.code}.",
                short=(
                    f"{self.code}: {device.name} is {draft.code}, by {who}.",
                    f"{self.code}: the device is {draft.code}, by {who}.",
                ),
            )
        if draft.code is None:
            self.off_claim = True
            says = f"No code can be given for {asked}: {' '.join(draft.warnings)}"
            self.find("block", says, _refusing(draft), "Try cpt suggest --device.",
                      short=(f"{self.code}: no code for the device: {_why_none(draft)}",
                             f"{self.code}: no code: {_why_none(draft)}"))  # fmt: skip
        self.draft, self.decided = draft, decided

    def _payers_code(self) -> None:
        """Replace the code that was typed by the payer's own, or say why none may be billed."""
        draft = self.draft
        if draft.code is None:
            if self.known and not self.off_claim:
                self._no_code()
            return
        if draft.code == self.code:
            return
        rule = _last_rule(draft)
        weak = bool(rule and is_weak(rule))
        if not self.key.device:
            payer = short_name_of(self.book, rule.payer if rule and rule.payer else draft.chain[-1])
            self.find(
                "warn" if weak else "block",
                f"{draft.payer_name(rule.payer) if rule else draft.payer} requires {draft.code} instead of {self.code}"
                f"{_how_weak(rule.evidence, rule.confidence) if rule and weak else ''}: "
                f"{rule.says if rule else ''}",
                rule,
                f"Bill {draft.code}.",
                short=f"{self.code}: {payer} requires {draft.code} instead{weak_mark(rule) if rule else ''}.",
            )
        self.code, self.known = draft.code, self.book.code(draft.code)

    def _no_code(self) -> None:
        """Find that no code may be billed: no coding verification for equipment, or the payer rejects it."""
        draft = self.draft
        self.off_claim = True
        refusing = _refusing(draft)
        if draft.candidate:
            why = " ".join([self.book.coding_verification.says, *draft.before_you_bill[:1]])
            short = f"{self.code}: equipment needs a coding verification; none is given."
            fix = "Ask the manufacturer; add coding_verification."
        else:
            why = " ".join(text for text in draft.warnings if self.code in text)
            short, fix = _why_none(draft), _ASK
        if refusing:
            why = f"{why} {refusing.says}"
        self.find("block", f"{self.code} is not given: {why}", refusing or self.known, fix,
                  short=code_first(self.code, short))  # fmt: skip

    # ------------------------------------------------------------------------------------------- its coverage

    def _coverage(self) -> bool:
        """Find whether it is covered; return whether no rule on that is known."""
        draft, decided, book = self.draft, self.decided, self.book
        verdict = decided.coverage.verdict
        if self.known is None and verdict not in NEGATIVE:
            return False
        settled = [step.rule for step in decided.coverage.steps if step.decided and verdict in NEGATIVE]
        rules = map(book.rule, [*settled, *decided.coverage.rules])
        rule = next(filter(None, rules), None) or self.known  # where a letter of the fee schedule decides
        sources = [each.id for step in decided.coverage.steps if step.decided for each in step.sources]
        in_few = _verdict_in_short(book, self.code, decided)
        if verdict in NEGATIVE:
            deciding = [each.rule for each in decided.rules if each.match.truth == "yes"]
            accepted = self._liability([*self._excluding()] or deciding)
            severity: Severity = "warn" if verdict == "bundled" or accepted else "block"
            says = f"{self.code}: {decided.coverage.says}{' The modifier says who pays.' if accepted else ''}"
            self.find(severity, says, rule, _fix(verdict, accepted), sources, short=in_few, coverage=True)
        elif verdict == "conditional" or (verdict == "unknown" and decided.coverage.steps):
            self.find("info", f"{self.code}: {decided.coverage.says}", rule, sources=sources, short=in_few,
                      coverage=True)  # fmt: skip
        if verdict not in NEGATIVE:
            self._by_provider()
        if verdict == "unknown":
            self._status()
        notes.warn_of_rules(draft)
        said = self._remarks(0)
        for listed in notes.lists_about(draft):
            self.findings.append(("diagnoses", Found("info", (), None, _on_list, (book, listed))))
        notes.warn_of_age(draft, decided, self.today)
        self._remarks(said)
        for each, found in draft.rules(draft.case(frozenset([self.code]))):
            for text in notes.limits(draft, each, found):
                what = text.partition(": ")[0]
                self.find("info", text, each, short=(text, f"{what}{weak_mark(each)}: {in_short(each)}"), about="day")
        return verdict == "unknown" and not decided.coverage.steps and not self.off_claim

    def _status(self) -> None:
        """Find a status of the fee schedule that leaves payment open, where no rule on the code is known."""
        known = self.known
        if known is None or not pays_by_fee_schedule(self.book, self.path.chain):
            return
        status, seen = status_on(known, self.question.service_date)
        indicator = self.book.status(status)
        if indicator and indicator.review:
            notes_of_code = [note.says for note in known.medicare.notes] if known.medicare else []
            says = f"{self.code}: Medicare status {indicator.status}: {indicator.says} ({seen})."
            short = f"{self.code}: Medicare status {indicator.status}: {indicator.says}."
            self.find("warn", " ".join([says, *notes_of_code]), known, "Ask the contractor.", indicator.sources,
                      short=short)  # fmt: skip

    def _by_provider(self) -> None:
        """Find a rule that denies the code when the professionals of its plan of care provide it."""
        for aside in self.decided.aside:
            if denied_by_own_provider(aside.rule, self.key.discipline):
                says = f"{self.code}: {aside.rule.says} Who provides it is not given."
                short = code_first(self.code, in_short(aside.rule))
                self.find("warn", says, aside.rule, "Add --provider.", short=short)

    def _remarks(self, since: int) -> int:
        """Add the warnings from one on that no finding about the line has in its words; return how many there are."""
        for remark in self.draft.remarks[since:]:
            if remark.kind == "warning" and not any(
                remark.says in _says(found) for about, found in self.findings if about == "line"
            ):
                self.find("info", remark.says, short=remark.short or remark.says, about="day")
        return len(self.draft.remarks)

    def _excluding(self) -> Iterator[Rule]:
        """Return the rules by which it is not a benefit: the modifier for "not necessary" does not belong on it."""
        for rule, found in self.draft.rules(self.draft.case(frozenset([self.code]))):
            denials = [known for each in rule.modifiers if (known := self.book.modifier(each)) and known.denial]
            if denials and found.truth == "yes":
                yield rule

    def _liability(self, rules: Iterable[Rule]) -> bool:
        """Put the modifier that says who pays on the line, by the ABN that was given; return whether one is on it."""
        day, abn = self.question.service_date, self.question.abn
        notes = [
            (note.modifier, rule, known.abn)
            for rule in rules
            for note in rule.liability
            if (known := self.book.modifier(note.modifier)) and is_in_force(known, day)
        ]
        typed = [modifier for modifier, _, _ in notes if modifier in self.key.denials]
        for modifier, _, notice in notes if not typed else ():
            if notice and notice == abn:
                self.liability.append(modifier)
                typed.append(modifier)
        if notes and not typed and abn is None:
            choices = "; ".join(dict.fromkeys(f"{modifier}{_if_abn(notice)}" for modifier, _, notice in notes))
            severity: Severity = "info" if notes[0][1].modifiers else "warn"  # the rule's own modifiers say it already
            says = f"{self.code} needs the modifier that says who pays: {choices}."
            self.find(severity, says, notes[0][1], "Add --abn none, mandatory or voluntary.",
                      short=f"{self.code}: who pays? {choices}.")  # fmt: skip
        return bool(typed)


def as_worded(words: Words) -> Words:
    """Return the words of a finding that was worded when its service was worked out."""
    return words


def _on_list(book: RuleBook, listed: DiagnosisList, diagnoses: tuple[str, ...]) -> Words:
    return Words(*notes.list_words(book, listed, diagnoses))


def _says(found: Found) -> str:
    return found.words(*found.given).says


def _is_unlisted(known: Code | None) -> bool:
    """Return whether Medicare's therapy list is not known to have a code."""
    therapy = known.medicare.therapy if known and known.medicare else None
    unsure = therapy is None or therapy.disposition in ("uncertain", "unknown") or weakly_none(therapy)
    return known is not None and unsure


def weakly_none(therapy: Therapy) -> bool:
    """Return whether a code counts as "not therapy" only because no list that was read has it."""
    return therapy.disposition == "none" and therapy.confidence == "low"


def _may_require(rule: Rule, found: Match) -> bool:
    """Return whether a rule asks for a modifier, or says what was not given that it depends on."""
    return bool(rule.modifiers or rule.one_of_modifiers or (found.truth == "open" and rule.verdict))


def _how_to_name(error: CptError) -> str:
    """Return the command that shows the names of devices, or what else the code depends on."""
    return "Try cpt devices." if isinstance(error, UnknownName | AmbiguousName) else "Try cpt suggest --device."


def _why_none(draft: CodeDecision) -> str:
    """Return why there is no code, in short: the rule that rejects it, else the last remark on it."""
    if refusing := _refusing(draft):
        return f"{in_short(refusing)}{weak_mark(refusing)}"
    warnings = [each for each in draft.remarks if each.kind == "warning"]
    about = [each for each in warnings if draft.question.code and draft.question.code in each.says]
    last = next(reversed(about or [each for each in warnings if each.must] or warnings), None)
    return (last.short or last.says) if last else "none may be billed."


def _how_weak(evidence: str, confidence: str) -> str:
    return f" (weak: {weakness(evidence, confidence)})"


def _who_decided(draft: CodeDecision) -> str:
    if rule := _last_rule(draft):
        return f"{draft.payer_name(rule.payer)}{_how_weak(rule.evidence, rule.confidence) if is_weak(rule) else ''}"
    return _layer(draft)


def _layer(draft: CodeDecision) -> str:
    last = draft.last_word()
    return (last.layer if last else "code_set").replace("_", " ")


def _last_rule(draft: CodeDecision) -> Rule | None:
    """Return the rule that named the code last; None where a manufacturer or the treatment did."""
    last = draft.last_word()
    return draft.book.rule(last.rule) if last and last.rule else None


def _refusing(draft: CodeDecision) -> Rule | None:
    """Return the rule that removed the code; None where none did."""
    steps = (step.rule for step in reversed(draft.steps) if step.applied and step.rule and draft.refused)
    return next((rule for rule in map(draft.book.rule, steps) if rule and draft.refused in rule.refuses), None)


def _verdict_in_short(book: RuleBook, code: str, decided: CoverageDecision) -> str:
    """Return a line's verdict in short, and the option that settles it.

    A rule that waits for an option comes first, then the rule that decides, then one that waits for something else.
    """
    steps, verdict = decided.coverage.steps, decided.coverage.verdict
    pending = [step for step in steps if step.options] if verdict not in NEGATIVE else []
    step = next((each for each in (*pending, *sorted(steps, key=lambda each: not each.decided)) if each.short), None)
    if step is None:
        return f"{code}: {decided.coverage.says}"
    options = ", ".join(dict.fromkeys(option for each in pending for option in each.options))
    mark = "WEAK: " if is_weak(step) or _on_weak_list(book, step) else ""
    if book.rule(step.rule) is None:  # the fee schedule's letter, which does not say what it means
        mark += f"{VERDICTS[verdict]}. "
    return f"{code_first(code, f'{mark}{step.short}')}{f' Add {options}.' if options else ''}"


def _on_weak_list(book: RuleBook, step: CoverageStep) -> bool:
    """Return whether the diagnosis that decides is on a weak list."""
    rule = book.rule(step.rule) if step.hit else None
    lists = map(book.diagnosis_list, rule.applies.diagnoses) if rule else ()
    return any(each is not None and each.confidence == "low" for each in lists)


def _if_abn(notice: Notice | None) -> str:
    if notice is None:
        return ""
    return " if no ABN is signed" if notice == "none" else f" if a {notice} ABN is signed"


def _fix(verdict: Verdict, accepted: bool) -> str:
    if accepted:
        return "Expect the denial."
    return "Expect no payment." if verdict == "bundled" else "Tell the patient first."
