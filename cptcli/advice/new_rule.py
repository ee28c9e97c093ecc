"""Builds a rule with its source from what was typed about a payer. What the rule changes is in rule_effect.py.

Contradictions and names with several meanings are errors: nothing is guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct, structs

from ..errors import BadValue, CptError, MissingOption, UnknownName
from ..model.answer import Question
from ..model.common import Confidence, Evidence, Source, Verdict
from ..model.lookup import CodeCard
from ..model.rules import Applies, Payer, Rule
from ..rulebook.book import RuleBook
from ..rulebook.names import normalized, upright
from ..rulebook.own_rules import id_of, one_line, unused
from .asking import Typed, read_word, resolve_payer, settle, understand
from .layers import NeedsAnswer
from .lookup import lookup
from .naming import NOT_LISTED
from .suggest import decide

Grade = Literal["primary", "secondary", "anecdotal"]  # from the payer, from somebody else, or by report
Said = Literal["covered", "conditional", "bundled", "investigational", "not_covered"]
Asks = dict[str, str | bool | list[str]]
ABOUT = "--device NAME, --modality NAME or --code CODE"
EFFECTS = "--use CODE, --verdict WORD, --accepts CODE, --refuses CODE or --modifier XX"
_SURE: dict[Evidence, Confidence] = {"primary": "high", "secondary": "medium", "anecdotal": "low"}
_COVERAGE: dict[Verdict, str] = {
    "covered": "is covered",
    "conditional": "is covered under conditions",
    "bundled": "is bundled, not paid separately",
    "investigational": "is investigational: not paid",
    "not_covered": "is not covered",
}
_HEADLINE = 90  # characters; model.Short says the same
_LONGEST_NAME = 60  # characters; a new payer's name becomes a file name


class TypedRule(Struct, frozen=True, kw_only=True):
    """The options of `cpt rules add` as typed; dates are parsed already."""

    payer: str | None = None
    new_payer: str | None = None
    kind: str | None = None
    device: str | None = None
    modality: str | None = None
    code: str | None = None
    use: str | None = None
    verdict: str | None = None
    accepts: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    document: str | None = None
    document_date: date | None = None
    effective: date | None = None
    ends: date | None = None
    says: str | None = None
    evidence: str | None = None
    confidence: str | None = None
    setting: str | None = None
    state: str | None = None

    @property
    def has_subject(self) -> bool:
        """Return whether it names what the rule is about; an accepted or refused code counts."""
        return bool(self.device or self.modality or self.code or self.accepts or self.refuses)

    @property
    def has_effect(self) -> bool:
        """Return whether it names what the payer said."""
        return bool(self.use or self.verdict or self.accepts or self.refuses or self.modifiers)


class NewRule(Struct, frozen=True):
    """A rule without examples, its source, and its question; `asks` is that question as an example has it."""

    rule: Rule
    source: Source
    payer: Payer
    question: Question
    asks: Asks


class _Effects(Struct, frozen=True):
    """The effects of a rule, named as in the rule file."""

    replaces: tuple[str, ...]
    code: str | None
    accepts: tuple[str, ...]
    refuses: tuple[str, ...]
    verdict: Verdict | None
    modifiers: tuple[str, ...]


class _Codes(Struct, frozen=True):
    """The codes typed, all found in the rule base; `about` is the code billed so far."""

    about: str | None
    use: str | None
    accepts: tuple[str, ...]
    refuses: tuple[str, ...]


class CodeNotClear(MissingOption):
    """The code to replace was not given, and several are possible."""

    def __init__(self, possible: Iterable[str | None]) -> None:
        self.possible = sorted({code for code in possible if code})
        why = f"Several are possible: {', '.join(self.possible)}." if self.possible else "No code is known for it."
        super().__init__(["--code CODE, the code billed so far"], why)


def missing(typed: TypedRule) -> list[str]:
    """Return the options that are still missing, each with its form."""
    options = (
        (typed.payer or typed.new_payer, "--payer NAME (or --new-payer NAME)"),
        (typed.has_subject, ABOUT),
        (typed.has_effect, EFFECTS),
        (typed.document, "--document TEXT"),
    )
    return [option for given, option in options if not given]


def new_payer(book: RuleBook, name: str, kind: str | None) -> Payer:
    """Return a payer that is not in our list. Raises BadValue for the name of a payer that is."""
    name = one_line("--new-payer", name)
    key, found = id_of(name), book.find("payers", name)
    if found.how == "exact" or book.payer(key):
        known = found.ids[0] if found.how == "exact" else key
        raise BadValue("--new-payer", name, f"a payer that is not in our list; this one is: --payer {known}")
    if len(name) > _LONGEST_NAME or not set(normalized(name)) & set("abcdefghijklmnopqrstuvwxyz0123456789"):
        raise BadValue("--new-payer", name, f"at most {_LONGEST_NAME} characters, with plain letters or digits")
    return Payer(id=key, name=name, kind=one_line("--kind", kind) if kind else "not given")


def new_rule(book: RuleBook, typed: TypedRule, today: date) -> NewRule:
    """Return the rule that was typed, for a payer of the rule base.

    Raises MissingOption for missing options, UnknownName, AmbiguousName or BadValue for names not found, and CptError
    for a contradiction.
    """
    if lacking := missing(typed):
        raise MissingOption(lacking)
    payer = _payer(book, typed.payer or "")
    codes = _codes(book, typed, today)
    _refuse_contradictions(typed, codes)
    asked = _question(book, typed, payer, codes, today)
    named = {code for code in (codes.about, *codes.accepts, *codes.refuses) if code}
    question = structs.replace(asked, answers=_answers(book, asked, named))
    effects = _effects(book, typed, codes, asked, question)
    source = _source(book, typed, payer, today)
    names = _names(book, payer, question, codes)
    sentence = _sentence(*names, question, codes, effects)
    brief = _sentence(payer.id, question.device or question.modality or names[1], question, codes, effects)
    rule = Rule(
        id=_rule_id(book, question, codes, effects),
        short=_headline(sentence, brief),
        says=f"{sentence[:-1]} ({source.title})." if typed.says is None else one_line("--says", typed.says),
        applies=_applies(book, question, codes, typed.setting is not None),
        effective=typed.effective,
        ends=typed.ends,
        checked=today,
        evidence=source.evidence or "primary",
        confidence=read_word("--confidence", typed.confidence, Confidence) or _SURE[source.evidence or "primary"],
        sources=(source.id,),
        **structs.asdict(effects),
    )
    return NewRule(rule, source, payer, question, _asks(question, typed))


# -------------------------------------------------------------------------------------------- what was typed


def _payer(book: RuleBook, asked: str) -> Payer:
    try:
        payer = book.payer(resolve_payer(book, asked))
    except UnknownName as error:
        near = error.facts["nearest"]
        todo = "For a payer that is not in our list: --new-payer NAME."
        raise UnknownName("payer", asked, near if isinstance(near, list) else (), todo) from None
    assert payer is not None
    if payer.id == book.edition.other_payer:
        raise BadValue("--payer", asked, "the payer that said so; for one that is not in our list, --new-payer NAME")
    return payer


def read_code(book: RuleBook, option: str, asked: str, today: date) -> str:
    """Return the code that was typed. Raises UnknownName with the nearest codes, BadValue for anything but one code."""
    card = lookup(book, asked, today, today)
    if not isinstance(card, CodeCard) or card.modifiers or card.unknown_modifiers:
        raise BadValue(option, asked, "one CPT or HCPCS code, without modifiers")
    return card.code.code


def _codes(book: RuleBook, typed: TypedRule, today: date) -> _Codes:
    def each(option: str, asked: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read_code(book, option, one, today) for one in asked))

    return _Codes(
        about=read_code(book, "--code", typed.code, today) if typed.code else None,
        use=read_code(book, "--use", typed.use, today) if typed.use else None,
        accepts=each("--accepts", typed.accepts),
        refuses=each("--refuses", typed.refuses),
    )


def _refuse_contradictions(typed: TypedRule, codes: _Codes) -> None:
    """Raise CptError where two options contradict each other."""

    def refuse(one: str, other: str) -> None:
        raise CptError(f"{one} and {other} contradict each other: keep one of them.")

    for code in codes.refuses:
        if code == codes.use:
            refuse(f"--use {code}", f"--refuses {code}")
        if code in codes.accepts:
            refuse(f"--accepts {code}", f"--refuses {code}")
        if typed.verdict and normalized(typed.verdict) == "covered" and not (typed.device or typed.modality):
            refuse("--verdict covered", f"--refuses {code}")
    if codes.use and codes.use == codes.about:
        raise CptError(f"--code {codes.use} and --use {codes.use} are the same code: to say so, --accepts {codes.use}.")
    if codes.use and codes.about in codes.accepts:
        refuse(f"--use {codes.use}", f"--accepts {codes.about}")
    if typed.effective and typed.ends and typed.ends < typed.effective:
        raise BadValue("--until", typed.ends.isoformat(), f"a date on or after --from {typed.effective}")


def _question(book: RuleBook, typed: TypedRule, payer: Payer, codes: _Codes, today: date) -> Question:
    """Return the question that the rule answers, on a date when the rule is in force."""
    if typed.device and normalized(typed.device) in NOT_LISTED:
        raise BadValue("--device", typed.device, "a device in our list; for any other, give --modality NAME alone")
    ended = typed.ends if typed.ends and typed.ends < today else None
    question = understand(
        book,
        Typed(
            on=typed.effective or ended or today,
            modality=typed.modality,
            device=typed.device,
            payer=payer.id,
            state=typed.state,
            setting=typed.setting,
        ),
    )
    if question.modality:
        return question
    return structs.replace(question, code=next(iter(_subjects(codes)), None))


def _subjects(codes: _Codes) -> tuple[str, ...]:
    """Return the codes that a rule without device and treatment is about."""
    return (codes.about,) if codes.about else (*codes.accepts, *codes.refuses)


def _modifiers(book: RuleBook, typed: TypedRule) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(map(upright, typed.modifiers)))
    for each in found:
        if book.modifier(each) is None:
            raise UnknownName("modifier", each, (), "cpt lookup CODE lists the modifiers of a code.")
    return found


def _source(book: RuleBook, typed: TypedRule, payer: Payer, today: date) -> Source:
    title = one_line("--document", typed.document or "")
    evidence: Evidence = read_word("--evidence", typed.evidence, Grade) or "primary"
    if typed.document_date and typed.document_date > today:
        raise BadValue("--document-date", typed.document_date.isoformat(), f"a date up to today, {today}")
    return Source(
        id=unused(id_of(payer.id, title), book.keys("sources")),
        title=title,
        publisher=payer.name if evidence == "primary" else None,
        date=typed.document_date.isoformat() if typed.document_date else None,
        evidence=evidence,
    )


# ------------------------------------------------------------------------------------------ what the rule does


def _effects(book: RuleBook, typed: TypedRule, codes: _Codes, asked: Question, question: Question) -> _Effects:
    replaces, stays = _replaced(book, codes, asked, question) if codes.use else ((), False)
    accepts = (*codes.accepts, *([codes.use] if codes.use and stays else ()))
    return _Effects(
        replaces=replaces,
        code=codes.use if replaces else None,
        accepts=tuple(dict.fromkeys(accepts)),
        refuses=codes.refuses,
        verdict=read_word("--verdict", typed.verdict, Said),
        modifiers=_modifiers(book, typed),
    )


def _replaced(book: RuleBook, codes: _Codes, asked: Question, question: Question) -> tuple[tuple[str, ...], bool]:
    """Return the codes that --use replaces, and whether --use is the answer already.

    These are all codes that the rules name today, so that the new rule still decides when one of those rules changes.
    Your other rules for the payer are left out: the new one replaces or contradicts them.
    """
    try:
        draft, _ = decide(book, question if codes.about else asked)
    except NeedsAnswer as needs:
        raise CodeNotClear(code for _, code in ways(book, needs.modality.id)) from None
    own = {rule.id for rule in book.rules_of(question.payer or "") if book.is_clinic_rule(rule.id)}
    named = [step.code for step in draft.steps if step.applied and step.code and step.rule not in own]
    first = {step.code for step in draft.steps if step.layer == "code_set" and step.code}
    if codes.about:
        named = [codes.about, *(named[named.index(codes.about) + 1 :] if codes.about in named else ())]
    elif len(first) != 1:
        raise CodeNotClear(first)
    replaces = tuple(code for code in dict.fromkeys(named) if code != codes.use)
    return replaces, codes.use == named[-1]


def _answers(book: RuleBook, question: Question, named: set[str]) -> tuple[str, ...]:
    """Return answers that lead to a code, one of the `named` if possible; none where no answer is needed."""
    if question.modality is None or question.setting == "home":
        return ()
    device = book.device(question.device) if question.device else None
    narrower = device is not None and question.modality in book.modality_chain(device.modality)
    start = device.modality if device and narrower else question.modality
    plain = settle(book, start, (), device is not None)
    settled = plain.unanswered is None or (device is not None and bool(device.starting_codes))
    if settled and (not named or plain.code in named):
        return ()
    found = [*ways(book, start)]
    usual = () if settled else next((answers for answers, code in found if code), ())
    return next((answers for answers, code in found if code in named), usual)


def ways(book: RuleBook, modality: str, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Return every combination of answers to a modality's questions, each with its code."""
    found = book.modality(modality)
    if found is None or modality in above:
        return
    if found.decide is None:
        yield (), found.code
        return
    for choice in found.decide.answers:
        if choice.modality is None:
            yield (choice.answer,), choice.code
            continue
        for answers, code in ways(book, choice.modality, (*above, modality)):
            yield (choice.answer, *answers), code


def _applies(book: RuleBook, question: Question, codes: _Codes, by_setting: bool) -> Applies:
    device = book.device(question.device) if question.device else None
    implied = device is not None and question.modality in book.modality_chain(device.modality)
    modality = None if implied else question.modality
    about = (_subjects(codes) if question.modality is None else (codes.about,)) if codes.about or question.code else ()
    if codes.use and question.modality:
        about = ()  # it is in `replaces`
    if about and modality:
        _refuse_either(book, modality, codes.about or "")
    return Applies(
        devices=(device.id,) if device else (),
        modalities=(modality,) if modality else (),
        codes=tuple(code for code in about if code),
        settings=(question.setting,) if by_setting else (),
        states=(question.state,) if question.state else (),
    )


def _refuse_either(book: RuleBook, modality: str, code: str) -> None:
    """Raise CptError where a rule with a treatment and a code would also apply to other treatments of that code."""
    others = []
    for key in book.keys("modalities"):
        found = book.modality(key)
        choices = found.decide.answers if found and found.decide else ()
        codes = (found.code, *found.home_codes, *(choice.code for choice in choices)) if found else ()
        if found and code in codes and modality not in book.modality_chain(key):
            others.append(found.name)
    if others:
        raise CptError(
            f"{code} is billed for other treatments too ({', '.join(others[:4])}), and a rule with a treatment and a "
            f"code applies to either of them. Give --modality alone, or --code alone."
        )


# ------------------------------------------------------------------------------------------- names and words


def _asks(question: Question, typed: TypedRule) -> Asks:
    """Return the question as an example asks it; with a date only where the rule has one."""
    asks: Asks = {"lines": [question.code]} if question.code else {}
    asks |= {"device": question.device} if question.device else {}
    if question.modality and (not question.device or typed.modality):
        asks["modality"] = question.modality
    asks |= answered_with(question.answers)
    asks["payer"] = question.payer or ""
    asks |= {"state": question.state} if question.state else {}
    if not question.code and (typed.setting or question.setting == "home"):
        asks["setting"] = question.setting
    if typed.effective or typed.ends:
        asks["service_date"] = question.service_date.isoformat()
    return asks


def answered_with(answers: Sequence[str]) -> Asks:
    """Return the answers as an example has them."""
    return {"answer": answers[0] if len(answers) == 1 else [*answers]} if answers else {}


def _rule_id(book: RuleBook, question: Question, codes: _Codes, effects: _Effects) -> str:
    words = ["our", question.payer or "", question.device or question.modality or codes.about or ""]
    words += [codes.use or "", effects.verdict or "", *effects.modifiers]
    words += [word for name in ("accepts", "refuses") if getattr(codes, name) for word in (name, *getattr(codes, name))]
    taken = {*book.keys("rules"), *(policy.id for _, policy in book.policies())}
    return unused(id_of(*words, question.state or ""), taken)


def _names(book: RuleBook, payer: Payer, question: Question, codes: _Codes) -> tuple[str, str]:
    """Return the names of the payer and of what its rule is about."""
    device = book.device(question.device) if question.device else None
    modality = book.modality(question.modality)
    what = device.name if device else modality.name if modality else ", ".join(_subjects(codes))
    return payer.short_name or payer.name, what


def _sentence(who: str, what: str, question: Question, codes: _Codes, effects: _Effects) -> str:
    """Return what the payer said in one sentence."""
    where = f" in {question.state}" if question.state else ""
    parts = []
    if codes.use:
        instead = f", not {codes.about or ' or '.join(effects.replaces)}" if effects.replaces else ""
        parts.append(f"bill {what} as {codes.use}{instead}")
    subject = f" for {what}" if question.modality or codes.about else ""
    if codes.accepts:
        parts.append(f"accepts {', '.join(codes.accepts)}{subject}")
    if codes.refuses:
        parts.append(f"does not accept {', '.join(codes.refuses)}{subject}")
    if effects.verdict:
        parts.append(f"{what} {_COVERAGE[effects.verdict]}")
    if effects.modifiers:
        parts.append(f"{what} needs {', '.join(effects.modifiers)}")
    return f"{who}{where}: {'; '.join(parts)}."


def _headline(*sentences: str) -> str:
    """Return the first sentence that fits a headline (90 characters), else the last one, cut at a word."""
    last = sentences[-1][: _HEADLINE - 4]
    return next((each for each in sentences if len(each) <= _HEADLINE), f"{last.rpartition(' ')[0] or last} ...")
