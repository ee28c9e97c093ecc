"""Which answers differ between two rule bases, and for which questions."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import product
from string import ascii_uppercase

from msgspec import Struct, structs

from ..errors import CptError
from ..model import Modality, Question, Rule, Setting
from ..rulebook.book import SHELVES, RuleBook
from .asking import contractor_for
from .matching import Case, diagnosis_hit, match
from .suggest import suggest

Books = tuple[RuleBook, RuleBook]


class Change(Struct, frozen=True):
    """One question that the two answer differently: code, verdict and required modifiers, before and after."""

    question: Question
    before: str
    after: str
    states: tuple[str, ...] = ()  # all that are answered as the state of the question
    diagnoses: tuple[str, ...] = ()  # all that are answered as the diagnosis of the question


class _Treatment(Struct, frozen=True):
    """A treatment or device without a payer, and everything that its answer may come to be about."""

    question: Question
    kinds: frozenset[str]
    codes: frozenset[str]


def changes(old: RuleBook, new: RuleBook, day: date) -> Iterator[Change]:
    """Every question about a known treatment or device and a known payer whose answer differs.

    Asked are treatments with every way through their questions, in the clinic and at home, devices in each setting,
    of every payer; with the states whose contractor differs or whose rules do, and with a diagnosis for each way in
    which the lists that a rule names may decide. Only what can differ is asked: where a rule, a payer, a treatment, a
    device or a code that the answer may be about is not the same in both.
    """
    differ = _Differences((old, new))
    payers = dict.fromkeys((*old.keys("payers"), *new.keys("payers")))
    for treatment in _treatments((old, new), differ.devices(), day):
        answered: dict[tuple[object, ...], tuple[str, str]] = {}  # payers with the same rules are answered once
        for payer in payers:
            for states in differ.states(payer, treatment.question.setting):
                question = structs.replace(treatment.question, payer=payer, state=states[0] if states else None)
                named = differ.lists(treatment, question)
                told: set[tuple[str, str]] = set()  # a diagnosis that changes nothing further is not repeated
                for diagnoses in () if named is None else ((), *_diagnoses((old, new), named)):
                    asked = structs.replace(question, diagnoses=diagnoses[:1])
                    alike = (*differ.deciding(question), asked.diagnoses)
                    if alike not in answered:
                        answered[alike] = (_said(old, asked, day), _said(new, asked, day))
                    before, after = answered[alike]
                    if before != after and (before, after) not in told:
                        told.add((before, after))
                        yield Change(asked, before, after, states, diagnoses)


class _Differences:
    """What is not the same in two rule bases, and which questions it can reach."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.touched = {shelf: books[0].differing(books[1], shelf) for shelf in SHELVES}
        self.everywhere = bool(self.touched["statuses"]) or len({_stand_ins(book) for book in books}) > 1
        self._asked_states: dict[tuple[str, Setting], list[tuple[str, ...]]] = {}
        self._chains: dict[tuple[RuleBook, str], _Chain] = {}

    def states(self, payer: str, setting: Setting) -> list[tuple[str, ...]]:
        """The states to ask about, together where they are answered alike; the first is none told."""
        if (payer, setting) not in self._asked_states:
            self._asked_states[payer, setting] = [(), *self._states(payer, setting)]
        return self._asked_states[payer, setting]

    def _states(self, payer: str, setting: Setting) -> Iterator[tuple[str, ...]]:
        alike: dict[tuple[object, ...], list[str]] = {}
        asks = any((held := book.payer(payer)) and held.ask_state for book in self.books)
        named = [{*rule.applies.states} for book in self.books for rule in self._chain(book, payer).rules]
        named = [states for states in named if states]
        payers = [held for book in self.books for key in book.keys("payers") if (held := book.payer(key))]
        for state in sorted({state for each in payers for state in each.states}) if asks or named else ():
            contractors = [_contractor(book, payer, state, setting) for book in self.books]
            narrower = {each for book, key in zip(self.books, contractors, strict=True) for each in _wider(book, key)}
            narrower -= {each for book in self.books for each in _wider(book, payer)}
            by_rule = tuple(state in each for each in named)
            if len({*contractors}) > 1 or any(by_rule) or any(map(self._is_touched, narrower)):
                alike.setdefault((*contractors, by_rule), []).append(state)
        yield from map(tuple, alike.values())

    def lists(self, treatment: _Treatment, question: Question) -> frozenset[str] | None:
        """The diagnosis lists on which the answer may hang; None where nothing that it may be about differs."""
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
        """What of payer and state an answer hangs on: two questions alike in this and all else are answered alike."""
        chains = [(book, self._chain(book, _decider(book, question))) for book in self.books]
        by_state = any(rule.applies.states for _, chain in chains for rule in chain.rules)
        speaking = tuple(
            tuple(
                each
                for each in chain.payers
                if book.rules_of(each) or ((held := book.payer(each)) is None or held.fee_schedule)
            )
            for book, chain in chains
        )
        return (*speaking, question.state if by_state else None)

    def devices(self) -> frozenset[str]:
        """The devices that differ, or that a rule which differs names."""
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
    """A payer with those it inherits from: their rules, those that differ, and those that give another code."""

    payers: tuple[str, ...]
    rules: tuple[Rule, ...]
    touched: tuple[Rule, ...]
    recodes: tuple[tuple[Rule, frozenset[str]], ...]  # with the codes that each stands in for


def _stand_ins(book: RuleBook) -> tuple[str, str]:
    """What of an edition can change an answer: the payers that stand for those that are not named."""
    return book.edition.other_payer, book.edition.home_payer


def _contractor(book: RuleBook, payer: str, state: str, setting: Setting) -> str | None:
    held = book.payer(payer)
    return contractor_for(book, payer, state, setting) if held else None


def _decider(book: RuleBook, question: Question) -> str:
    """The payer whose rules count: the contractor of the state, where one is named."""
    payer = question.payer or ""
    return (question.state and _contractor(book, payer, question.state, question.setting)) or payer


def _wider(book: RuleBook, payer: str | None) -> tuple[str, ...]:
    return book.payer_chain(payer) if payer else ()


def _case(book: RuleBook, treatment: _Treatment, question: Question, chain: _Chain) -> Case:
    """The case with every code that a layer may come to name."""
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
    """The codes that a rule's code may stand in for, also by way of the rules it replaces."""
    others = [(each, book.rule(each)) for each in rule.replaces]
    codes = {each for each, other in others if other is None} | {
        other.code for _, other in others if other and other.code
    }
    further = (_replaced(book, other, deep - 1) for _, other in others if other and deep)
    return frozenset(codes).union(*further)


# --------------------------------------------------------------------------------------------- what is asked about


def _treatments(books: Books, closely: frozenset[str], day: date) -> Iterator[_Treatment]:
    """Every modality of either rule base with every way through its questions, and every device, in each setting.

    A device takes the answers that its treatment has to be given, and all of them where it is one to look at `closely`.
    """
    passed: dict[Question, set[str]] = {}
    for book in books:
        for question, through in _questions(book, closely, day):
            passed.setdefault(question, set()).update(through)
    for question, path in passed.items():
        wider = frozenset(each for book in books for key in path for each in book.modality_chain(key))
        named = (held for book in books for key in path if (held := book.modality(key)))
        codes = {code for held in named for code in _leads(held)}
        for book in books:
            if device := book.device(question.device or ""):
                codes |= {code for start in device.starting_codes if (code := start.code)} | {*device.home_codes}
                codes |= {each.code for each in device.recommendation.codes}
        yield _Treatment(question, wider, frozenset(codes))


def _questions(book: RuleBook, closely: frozenset[str], day: date) -> Iterator[tuple[Question, frozenset[str]]]:
    for key in book.keys("modalities"):
        for answers, path in _ways(book, key):
            yield Question(service_date=day, modality=key, answers=answers), path
            if any((held := book.modality(each)) and held.home_codes for each in path):
                yield Question(service_date=day, modality=key, answers=answers, setting="home"), path
    for key in book.keys("devices"):
        device = book.device(key)
        assert device is not None
        treatment = book.modality(device.modality)
        asks = treatment is not None and treatment.decide is not None and treatment.decide.assume is None
        asks = asks and not any(start.setting == "clinic" for start in device.starting_codes)
        ways = _ways(book, device.modality)
        for setting in device.settings:
            for answers, path in ways if key in closely or (asks and setting == "clinic") else ways[:1]:
                yield (
                    Question(service_date=day, modality=device.modality, device=key, answers=answers, setting=setting),
                    path,
                )


def _ways(book: RuleBook, modality: str) -> list[tuple[tuple[str, ...], frozenset[str]]]:
    """No answer, and every way through the questions from a modality on; with the modalities that each passes."""
    whole = [*_through(book, modality, frozenset())]
    passed = frozenset(each for _, path in whole for each in path)
    return [((), passed), *((answers, path) for answers, path in whole if answers)]


def _through(book: RuleBook, modality: str, above: frozenset[str]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    held = book.modality(modality)
    here = above | {modality}
    if held is None or held.decide is None or modality in above:
        yield (), here
        return
    for choice in held.decide.answers:
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
    """Diagnoses, together where they are on the same lists as surely; and one that is on none."""
    alike: dict[tuple[object, ...], list[str]] = {}
    held = [each for book, key in product(books, sorted(lists)) if (each := book.diagnosis_list(key))]
    for icd10 in dict.fromkeys(entry.icd10 for each in held for entry in each.diagnoses):
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
    """Code, verdict and required modifiers in a few words, or why there is no answer."""
    known = (
        (question.payer is None or book.payer(question.payer))
        and (question.modality is None or book.modality(question.modality))
        and (question.device is None or book.device(question.device))
    )
    if not known:
        return "not in this rule base"
    try:
        answer = suggest(book, question, day)
    except CptError:
        return "asks first"
    code = answer.code or (f"candidate {answer.candidate}" if answer.candidate else "no code")
    required = " ".join(each.modifier for each in answer.modifiers if each.required)
    return f"{code}, {answer.coverage.verdict}{f', {required}' if required else ''}"
