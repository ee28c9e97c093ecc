"""Builds a rule with its source from what was typed about a payer. What the rule changes is in rule_effect.py.

Contradictions and names with several meanings are errors: nothing is guessed.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import structs

from ..errors import BadValue, CptError, MissingOption, UnknownName
from ..model.answer import Question
from ..model.common import Confidence, Evidence, Source
from ..model.lookup import CodeCard
from ..model.rules import Applies, Payer, Rule
from ..rulebook.book import RuleBook
from ..rulebook.names import normalized, upright
from ..rulebook.own_rules import id_of, one_line, unused
from .layers import NeedsAnswer
from .lookup import lookup
from .naming import NOT_LISTED
from .question import Typed, read_word, resolve_payer, settle, understand
from .rule_words import asks_of, headline_of, names_of, rule_id, sentence_of, subjects
from .suggest import decide
from .typed_rule import CodeNotClear, Grade, NewRule, RuleEffects, Said, TypedCodes, TypedRule, missing

_SURE: dict[Evidence, Confidence] = {"primary": "high", "secondary": "medium", "anecdotal": "low"}
_LONGEST_NAME = 60  # characters; a new payer's name becomes a file name


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
    names = names_of(book, payer, question, codes)
    sentence = sentence_of(*names, question, codes, effects)
    brief = sentence_of(payer.id, question.device or question.modality or names[1], question, codes, effects)
    rule = Rule(
        id=rule_id(book, question, codes, effects),
        short=headline_of(sentence, brief),
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
    return NewRule(rule, source, payer, question, asks_of(question, typed))


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


def _codes(book: RuleBook, typed: TypedRule, today: date) -> TypedCodes:
    def each(option: str, asked: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read_code(book, option, one, today) for one in asked))

    return TypedCodes(
        about=read_code(book, "--code", typed.code, today) if typed.code else None,
        use=read_code(book, "--use", typed.use, today) if typed.use else None,
        accepts=each("--accepts", typed.accepts),
        refuses=each("--refuses", typed.refuses),
    )


def _refuse_contradictions(typed: TypedRule, codes: TypedCodes) -> None:
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


def _question(book: RuleBook, typed: TypedRule, payer: Payer, codes: TypedCodes, today: date) -> Question:
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
    return structs.replace(question, code=next(iter(subjects(codes)), None))


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


def _effects(book: RuleBook, typed: TypedRule, codes: TypedCodes, asked: Question, question: Question) -> RuleEffects:
    replaces, stays = _replaced(book, codes, asked, question) if codes.use else ((), False)
    accepts = (*codes.accepts, *([codes.use] if codes.use and stays else ()))
    return RuleEffects(
        replaces=replaces,
        code=codes.use if replaces else None,
        accepts=tuple(dict.fromkeys(accepts)),
        refuses=codes.refuses,
        verdict=read_word("--verdict", typed.verdict, Said),
        modifiers=_modifiers(book, typed),
    )


def _replaced(book: RuleBook, codes: TypedCodes, asked: Question, question: Question) -> tuple[tuple[str, ...], bool]:
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


def _applies(book: RuleBook, question: Question, codes: TypedCodes, by_setting: bool) -> Applies:
    device = book.device(question.device) if question.device else None
    implied = device is not None and question.modality in book.modality_chain(device.modality)
    modality = None if implied else question.modality
    about = (subjects(codes) if question.modality is None else (codes.about,)) if codes.about or question.code else ()
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
