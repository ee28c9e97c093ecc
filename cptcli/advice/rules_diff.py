"""Which answers differ between two rule bases, and for which questions."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from itertools import product
from string import ascii_uppercase

from msgspec import Struct, structs

from ..errors import CptError
from ..model.answer import ModifierAnswer, Question
from ..model.common import Setting, Verdict
from ..model.devices import Modality
from ..model.rules import Rule
from ..rulebook.book import SHELVES, RuleBook
from .layers import NeedsAnswer
from .matching import Case, diagnosis_hit, match
from .notes import modifiers
from .payer_path import contractor_for
from .suggest import decide, suggest

Books = tuple[RuleBook, RuleBook]


class Change(Struct, frozen=True):
    """A question with another answer in each rule base: code, verdict and required modifiers, before and after."""

    question: Question
    before: str
    after: str
    states: tuple[str, ...] = ()  # every state with this same answer
    diagnoses: tuple[str, ...] = ()  # every diagnosis with this same answer


class _Treatment(Struct, frozen=True):
    """A question without a payer, with every modality and code that its answer may involve."""

    question: Question
    kinds: frozenset[str]
    codes: frozenset[str]


def changes(old: RuleBook, new: RuleBook, day: date, payers: Sequence[str] = ()) -> Iterator[Change]:
    """Return each question whose answer differs, for every treatment and device, and every payer or those of `payers`.

    Treatments are asked with every combination of answers, in the clinic and at home; devices in each setting; with
    each state whose contractor or rules differ, and one diagnosis for each way the diagnosis lists can decide. A
    question is skipped where no rule, payer, treatment, device or code that it may involve has changed.
    """
    differ = _Differences((old, new))
    payers = payers or [*dict.fromkeys((*old.keys("payers"), *new.keys("payers")))]
    for treatment in _treatments((old, new), differ.devices(), day):
        answered: dict[tuple[object, ...], tuple[str, str]] = {}  # payers with the same rules share one answer
        for payer in payers:
            for states in differ.states(payer, treatment.question.setting):
                question = structs.replace(treatment.question, payer=payer, state=states[0] if states else None)
                named = differ.lists(treatment, question)
                reported: set[tuple[str, str]] = set()  # one change is reported for one diagnosis only
                for diagnoses in () if named is None else ((), *_diagnoses((old, new), named)):
                    asked = structs.replace(question, diagnoses=diagnoses[:1])
                    alike = (*differ.deciding(question), asked.diagnoses)
                    if alike not in answered:
                        answered[alike] = (_said(old, asked, day), _said(new, asked, day))
                    before, after = answered[alike]
                    if before != after and (before, after) not in reported:
                        reported.add((before, after))
                        yield Change(asked, before, after, states, diagnoses)


def asked_about(change: Change) -> tuple[str, str]:
    """Return what a compared question is about, and its payer with the states."""
    asked = change.question
    details = [*asked.answers, *(["home"] if asked.setting == "home" else []), *change.diagnoses[:1]]
    if len(change.diagnoses) > 1:
        details[-1] += f" and {len(change.diagnoses) - 1} like it"
    about = asked.device or asked.modality or ""
    where = f" in {' '.join(change.states)}" if change.states else ""
    return f"{about} ({', '.join(details)})" if details else about, f"{asked.payer}{where}"


class _Differences:
    """What differs between two rule bases, and which questions that can change."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.touched = {shelf: books[0].differing(books[1], shelf) for shelf in SHELVES}
        self.everywhere = bool(self.touched["statuses"]) or len({_stand_ins(book) for book in books}) > 1
        self._asked_states: dict[tuple[str, Setting], list[tuple[str, ...]]] = {}
        self._chains: dict[tuple[RuleBook, str], _Chain] = {}

    def states(self, payer: str, setting: Setting) -> list[tuple[str, ...]]:
        """Return the states to ask about, grouped where answers are the same; the first group is no state given."""
        if (payer, setting) not in self._asked_states:
            self._asked_states[payer, setting] = [(), *self._states(payer, setting)]
        return self._asked_states[payer, setting]

    def _states(self, payer: str, setting: Setting) -> Iterator[tuple[str, ...]]:
        alike: dict[tuple[object, ...], list[str]] = {}
        decides_by_state = any((known := book.payer(payer)) and known.ask_state for book in self.books)
        named = [{*rule.applies.states} for book in self.books for rule in self._chain(book, payer).rules]
        named = [states for states in named if states]
        payers = [known for book in self.books for key in book.keys("payers") if (known := book.payer(key))]
        for state in sorted({state for each in payers for state in each.states}) if decides_by_state or named else ():
            contractors = [_contractor(book, payer, state, setting) for book in self.books]
            narrower = {each for book, key in zip(self.books, contractors, strict=True) for each in _wider(book, key)}
            narrower -= {each for book in self.books for each in _wider(book, payer)}
            by_rule = tuple(state in each for each in named)
            if len({*contractors}) > 1 or any(by_rule) or any(map(self._is_touched, narrower)):
                alike.setdefault((*contractors, by_rule), []).append(state)
        yield from map(tuple, alike.values())

    def lists(self, treatment: _Treatment, question: Question) -> frozenset[str] | None:
        """Return the diagnosis lists that the answer may depend on; None where nothing it may involve has changed."""
        chains = [(book, self._chain(book, _decider(book, question))) for book in self.books]
        cases = [(book, chain, _case(book, treatment, question, chain)) for book, chain in chains]
        differs = (
            self.everywhere
            or treatment.kinds & self.touched["modalities"]
            or treatment.codes & self.touched["codes"]
            or question.device in self.touched["devices"]
            or len({book.linked("manufacturer_of_device", question.device or "") for book in self.books}) > 1
            or len({chain.payers for _, chain in chains}) > 1
            or any({*chain.payers} & self.touched["payers"] for _, chain in chains)
            or any(_may_match(book, rule, case) for book, chain, case in cases for rule in chain.touched)
        )
        if not differs:
            return None
        return frozenset(
            key
            for book, chain, case in cases
            for rule in chain.rules
            if rule.applies.diagnoses and _may_match(book, rule, case)
            for key in rule.applies.diagnoses
        )

    def deciding(self, question: Question) -> tuple[object, ...]:
        """Return what decides of payer and state: questions equal in it and in the rest have the same answer."""
        chains = [(book, self._chain(book, _decider(book, question))) for book in self.books]
        by_state = any(rule.applies.states for _, chain in chains for rule in chain.rules)
        with_rules = tuple(
            tuple(
                each
                for each in chain.payers
                if book.rules_of(each) or ((known := book.payer(each)) is None or known.fee_schedule)
            )
            for book, chain in chains
        )
        return (*with_rules, question.state if by_state else None)

    def devices(self) -> frozenset[str]:
        """Return the devices that changed, and those that a changed rule names."""
        named = {*self.touched["devices"]}
        for book in self.books:
            rules = [rule for key in self.touched["rules"] if (rule := book.rule(key))]
            manufacturers = {manufacturer for rule in rules for manufacturer in rule.applies.manufacturers}
            named.update(key for rule in rules for key in rule.applies.devices)
            named.update(
                key for key in book.keys("devices") if manufacturers & {*book.linked("manufacturer_of_device", key)}
            )
        return frozenset(named)

    def _chain(self, book: RuleBook, payer: str) -> "_Chain":
        if (book, payer) not in self._chains:
            payers = book.payer_chain(payer)
            rules = tuple(rule for each in payers for rule in book.rules_of(each))
            recodes = tuple((rule, _replaced(book, rule)) for rule in rules if rule.code)
            self._chains[book, payer] = _Chain(payers, rules, tuple(filter(self._is_touched_rule, rules)), recodes)
        return self._chains[book, payer]

    def _is_touched_rule(self, rule: Rule) -> bool:
        return bool(
            rule.id in self.touched["rules"]
            or {*rule.applies.diagnoses} & self.touched["diagnoses"]
            or {rule.code, *rule.accepts} & self.touched["codes"]
        )

    def _is_touched(self, payer: str) -> bool:
        own = {rule.id for book in self.books for rule in book.rules_of(payer)}
        return payer in self.touched["payers"] or bool(own & self.touched["rules"])


class _Chain(Struct, frozen=True):
    """A payer and those it inherits from: their rules, the changed ones, and the ones that give another code."""

    payers: tuple[str, ...]
    rules: tuple[Rule, ...]
    touched: tuple[Rule, ...]
    recodes: tuple[tuple[Rule, frozenset[str]], ...]  # each with the codes it replaces


def _stand_ins(book: RuleBook) -> tuple[str, str]:
    """Return the default payers of an edition: for a payer not in our list, and for equipment with no payer given."""
    return book.edition.other_payer, book.edition.home_payer


def _contractor(book: RuleBook, payer: str, state: str, setting: Setting) -> str | None:
    known = book.payer(payer)
    return contractor_for(book, payer, state, setting) if known else None


def _decider(book: RuleBook, question: Question) -> str:
    """Return the payer whose rules count: the state's contractor where a state is given."""
    payer = question.payer or ""
    return (question.state and _contractor(book, payer, question.state, question.setting)) or payer


def _wider(book: RuleBook, payer: str | None) -> tuple[str, ...]:
    return book.payer_chain(payer) if payer else ()


def _case(book: RuleBook, treatment: _Treatment, question: Question, chain: _Chain) -> Case:
    """Return the case with every code that a layer may name."""
    manufacturer = book.linked("manufacturer_of_device", question.device or "")
    case = Case(question, treatment.kinds, manufacturer[0] if manufacturer else None, treatment.codes)
    further = [*chain.recodes]
    while reached := [each for each in further if each[1] & case.codes and _may_match(book, each[0], case)]:
        further = [each for each in further if each not in reached]
        codes = case.codes | {rule.code for rule, _ in reached if rule.code}
        case = structs.replace(case, codes=codes)
    return case


def _may_match(book: RuleBook, rule: Rule, case: Case) -> bool:
    return match(book, rule.applies, case).truth != "no"


def _replaced(book: RuleBook, rule: Rule, deep: int = 5) -> frozenset[str]:
    """Return the codes that a rule may replace, including those of the rules it replaces."""
    others = [(each, book.rule(each)) for each in rule.replaces]
    codes = {each for each, other in others if other is None} | {
        other.code for _, other in others if other and other.code
    }
    further = (_replaced(book, other, deep - 1) for _, other in others if other and deep)
    return frozenset(codes).union(*further)


# --------------------------------------------------------------------------------------------- the questions


def _treatments(books: Books, closely: frozenset[str], day: date) -> Iterator[_Treatment]:
    """Return every modality with every combination of answers, and every device in each setting.

    A device is asked with the answers that its treatment requires; a device in `closely` with every combination.
    """
    passed: dict[Question, set[str]] = {}
    for book in books:
        for question, through in _questions(book, closely, day):
            passed.setdefault(question, set()).update(through)
    for question, path in passed.items():
        wider = frozenset(each for book in books for key in path for each in book.modality_chain(key))
        named = (modality for book in books for key in path if (modality := book.modality(key)))
        codes = {code for modality in named for code in _leads(modality)}
        for book in books:
            if device := book.device(question.device or ""):
                codes |= {code for start in device.starting_codes if (code := start.code)} | {*device.home_codes}
                codes |= {each.code for each in device.recommendation.codes}
        yield _Treatment(question, wider, frozenset(codes))


def _questions(book: RuleBook, closely: frozenset[str], day: date) -> Iterator[tuple[Question, frozenset[str]]]:
    for key in book.keys("modalities"):
        for answers, path in _ways(book, key):
            yield Question(service_date=day, modality=key, answers=answers), path
            if any((known := book.modality(each)) and known.home_codes for each in path):
                yield Question(service_date=day, modality=key, answers=answers, setting="home"), path
    for key in book.keys("devices"):
        device = book.device(key)
        assert device is not None
        treatment = book.modality(device.modality)
        needs_answer = treatment is not None and treatment.decide is not None and treatment.decide.assume is None
        needs_answer = needs_answer and not any(start.setting == "clinic" for start in device.starting_codes)
        ways = _ways(book, device.modality)
        for setting in device.settings:
            for answers, path in ways if key in closely or (needs_answer and setting == "clinic") else ways[:1]:
                yield (
                    Question(service_date=day, modality=device.modality, device=key, answers=answers, setting=setting),
                    path,
                )


def _ways(book: RuleBook, modality: str) -> list[tuple[tuple[str, ...], frozenset[str]]]:
    """Return no answers, then every combination of answers from a modality on, each with the modalities on its path."""
    whole = [*_through(book, modality, frozenset())]
    passed = frozenset(each for _, path in whole for each in path)
    return [((), passed), *((answers, path) for answers, path in whole if answers)]


def _through(book: RuleBook, modality: str, above: frozenset[str]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    known = book.modality(modality)
    here = above | {modality}
    if known is None or known.decide is None or modality in above:
        yield (), here
        return
    for choice in known.decide.answers:
        if choice.modality is None:
            yield (choice.answer,), here
            continue
        for answers, path in _through(book, choice.modality, here):
            yield (choice.answer, *answers), path


def _leads(modality: Modality) -> Iterator[str]:
    choices = modality.decide.answers if modality.decide else ()
    yield from filter(None, (modality.code, *modality.home_codes, *(choice.code for choice in choices)))


@cache
def _diagnoses(books: Books, lists: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """Return diagnoses grouped by the lists they are on and how certainly, and one diagnosis that is on no list."""
    alike: dict[tuple[object, ...], list[str]] = {}
    listed = [each for book, key in product(books, sorted(lists)) if (each := book.diagnosis_list(key))]
    for icd10 in dict.fromkeys(entry.icd10 for each in listed for entry in each.diagnoses):
        alike.setdefault(_hits(books, lists, icd10), []).append(icd10)
    for letter, digit in product(ascii_uppercase, range(10)) if lists else ():
        category = f"{letter}{digit}0"
        if not any(hit for hit, _ in _hits(books, lists, category)):
            alike[()] = [category]
            break
    return tuple(map(tuple, alike.values()))


def _hits(books: Books, lists: frozenset[str], icd10: str) -> tuple[tuple[bool, bool], ...]:
    found = (diagnosis_hit(book, [key], [icd10]) for book, key in product(books, sorted(lists)))
    return tuple((hit is not None, uncertain) for hit, uncertain in found)


def _said(book: RuleBook, question: Question, day: date) -> str:
    """Return code, verdict and required modifiers in a few words, or why there is no answer."""
    known = (
        (question.payer is None or book.payer(question.payer))
        and (question.modality is None or book.modality(question.modality))
        and (question.device is None or book.device(question.device))
    )
    if not known:
        return "not in our list"
    try:
        outcome = _outcome(book, question, day)
    except CptError:
        return "not enough given"
    code = outcome.code or (f"candidate {outcome.candidate}" if outcome.candidate else "no code")
    required = " ".join(each.modifier for each in outcome.modifiers if each.required)
    return f"{code}, {outcome.verdict}{f', {required}' if required else ''}"


class _Outcome(Struct, frozen=True):
    """What of an answer is compared."""

    code: str | None
    candidate: str | None
    verdict: Verdict
    modifiers: tuple[ModifierAnswer, ...]


def _outcome(book: RuleBook, question: Question, day: date) -> _Outcome:
    """Return what `suggest` would answer, composing its words only for an answer with branches. Raises as `decide`."""
    try:
        draft, decided = decide(book, question)
        branches = draft.several and question.coding_verification is None
    except NeedsAnswer:
        branches = True
    if branches:
        answer = suggest(book, question, day)
        return _Outcome(answer.code, answer.candidate, answer.coverage.verdict, answer.modifiers)
    named = draft.code or draft.candidate
    required = modifiers(draft, decided, book.code(named) if named else None)
    return _Outcome(draft.code, None if draft.code else draft.candidate, decided.coverage.verdict, required)
