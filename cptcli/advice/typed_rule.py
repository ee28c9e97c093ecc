"""The options of `cpt rules add` as typed, and the rule that is made of them."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from msgspec import Struct

from ..errors import MissingOption
from ..model.answer import Question
from ..model.common import Source, Verdict
from ..model.rules import Payer, Rule

Grade = Literal["primary", "secondary", "anecdotal"]  # from the payer, from somebody else, or by report
Said = Literal["covered", "conditional", "bundled", "investigational", "not_covered"]
Asks = dict[str, str | bool | list[str]]
ABOUT = "--device NAME, --modality NAME or --code CODE"
EFFECTS = "--use CODE, --verdict WORD, --accepts CODE, --refuses CODE or --modifier XX"


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


class RuleEffects(Struct, frozen=True):
    """The effects of a rule, named as in the rule file."""

    replaces: tuple[str, ...]
    code: str | None
    accepts: tuple[str, ...]
    refuses: tuple[str, ...]
    verdict: Verdict | None
    modifiers: tuple[str, ...]


class TypedCodes(Struct, frozen=True):
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
