"""The answer of `cpt compare`."""

from typing import Literal

from .answer import Coverage, Question
from .common import Id, Noun, Verdict
from .rulebook import Receipt
from .tables import Table


class ComparedCase(Noun, frozen=True, omit_defaults=False):
    """The code of a row for one case, where it depends on something not given; `option` picks the case."""

    condition: str
    option: str
    code: str | None
    candidate: str | None


class ComparedRow(Noun, frozen=True, omit_defaults=False):
    """One payer or treatment with the answer of `cpt suggest`; cases with different coverage have a row each.

    `code` is None if none can be given, or if it depends on the case: then `cases` has the code of each.
    """

    payer: Id  # whose rules answered
    modality: Id | None
    device: Id | None
    name: str
    condition: str | None  # the cases of this row, if the name has several rows
    code: str | None
    candidate: str | None
    cases: tuple[ComparedCase, ...]
    sure: str  # how sure the code is
    weak: bool  # the code
    disputed: bool
    verdict: Verdict
    verdict_weak: bool
    ruled_by_payer: bool  # False: no rule of the payer on it was found
    rule: str | None  # the coverage rule that decides; None if none was found
    short: str | None  # that rule in one line
    code_rule: str | None  # the payer's rule on the code, or yours
    code_short: str | None
    watch: tuple[str, ...]  # what must stay on the first screen of the answer
    coverage: Coverage


class Comparison(Noun, frozen=True, omit_defaults=False):
    """The answer of `cpt compare`: rows sorted by verdict, then name; and how many were left out, and why."""

    by: Literal["payer", "treatment"]  # what a row is
    about: str  # what all rows share: the treatment, device or payer
    question: Question
    rows: tuple[ComparedRow, ...]
    asks: tuple[str, ...]  # options that would settle a conditional verdict
    ask_on: str  # the command that says how to bill a row
    without_rule: int  # left out because no rule on them was found
    said_elsewhere: int  # left out: another row has it, of the payer above or of a kind of the treatment
    tables: tuple[Table, ...]  # the CMS tables that the answers use
    rulebook: Receipt
