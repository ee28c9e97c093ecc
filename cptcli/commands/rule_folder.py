"""Your rule folder with a change, checked before anything is written."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from ..errors import BadValue, CptError, RulesUnreadable
from .options import today
from .output import tell

if TYPE_CHECKING:
    from ..advice.typed_rule import NewRule
    from ..model.rules import Payer
    from ..rulebook.book import RuleBook
    from ..rulebook.load import Parts
    from ..rulebook.own_rules import Added


class WouldBreak(CptError):
    """A change after which the folder would have problems; has each of them."""

    def __init__(self, problems: Iterable[object], todo: str) -> None:
        found = [*map(str, problems)]
        listed = "".join(f"\n  {each}" for each in found)
        super().__init__(f"Nothing was written. With this change your rules would have a problem:{listed}\n{todo}",
                         problems=found)  # fmt: skip


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return the files of your rule folder, none where it does not exist yet. Raises BadValue for a whole rule base."""
    from ..rulebook.files import Files

    if not folder.is_dir():
        return {}
    contents = Files(folder).contents
    if "rulebook.yaml" in contents:
        raise BadValue("--rules", str(folder), "a folder of your own rules; this one is a whole rule base")
    return contents


def with_payer(shipped: "Parts", folder: Path, contents: Mapping[str, bytes], payer: "Payer") -> "RuleBook":
    """Return the rule base with a new payer that has no rule yet."""
    from ..rulebook.own_rules import file_for_payer, laid_over, payer_file

    return laid_over(
        shipped, folder, {**contents, payer_file(contents, payer.id): file_for_payer(payer, known=False).encode()}
    )


def with_examples(
    shipped: "Parts", folder: Path, contents: Mapping[str, bytes], old: "RuleBook", new: "NewRule", known: bool
) -> "Added":
    """Return the rule with its proven examples, and its source unless the folder has it already."""
    from ..advice.rule_effect import probes, proven, seen
    from ..rulebook.own_rules import Added, same_source, with_rule
    from ..visit.examples import run_examples

    source = same_source(contents, new.source)
    _refuse_same(old, new)
    examples, before = probes(old, new), seen(old, new.question, today())
    rule = structs.replace(new.rule, sources=(source or new.source.id,), examples=examples)
    added = Added(rule, None if source else new.source, new.payer, known)
    book = _open(shipped, folder, {**contents, **with_rule(contents, added)})
    failures = [ran.failure for ran in run_examples(book, today(), rule.id.__eq__)]
    return structs.replace(added, rule=structs.replace(rule, examples=proven(examples, failures, before)))


def _refuse_same(book: "RuleBook", new: "NewRule") -> None:
    """Raise CptError where a rule of yours says the same for the same dates with the same confidence."""
    apart = {"id": "", "short": None, "says": "", "checked": date.min, "sources": (), "examples": ()}
    wanted = structs.replace(new.rule, payer=new.payer.id, **apart)
    for each in book.rules_of(new.payer.id):
        if book.is_clinic_rule(each.id) and structs.replace(each, **apart) == wanted:
            raise CptError(
                f"Your rule {each.id} ({book.place('rule', each.id)}) says the same. Nothing was written. For a newer "
                f"document, delete it first: cpt rules remove {each.id}",
                rule=each.id,
            )


def _open(shipped: "Parts", folder: Path, contents: Mapping[str, bytes]) -> "RuleBook":
    """Return the rule base with a changed folder. Raises WouldBreak with the problems it would have."""
    from ..rulebook.files import LARGEST
    from ..rulebook.own_rules import laid_over

    for name, content in contents.items():
        if len(content) > LARGEST:
            raise WouldBreak([f"{name}: {len(content):,} bytes, more than {LARGEST:,}"], "Split the file in two first.")
    try:
        return laid_over(shipped, folder, contents)
    except RulesUnreadable as error:
        problems = error.facts["problems"]
        todo = "If a rule of yours is out of date, give its last date (ends: '...') or delete it: cpt rules remove ID"
        raise WouldBreak(problems if isinstance(problems, list) else [problems], todo) from None


def checked_book(shipped: "Parts", folder: Path, contents: Mapping[str, bytes], old: "RuleBook") -> "RuleBook":
    """Return the rule base with the changed folder. Raises WouldBreak where an example of your rules now fails."""
    from ..visit.examples import run_examples

    book = _open(shipped, folder, contents)
    failing = [ran for ran in run_examples(book, today(), book.is_clinic_rule) if ran.failure]
    if failing:
        before = {(ran.rule, ran.number) for ran in run_examples(old, today(), old.is_clinic_rule) if ran.failure}
        problems = [
            f"{book.place('rule', ran.rule) or ran.rule}: example {ran.number} of {ran.rule!r}: {ran.failure}"
            for ran in failing
            if (ran.rule, ran.number) not in before
        ]
        if problems:
            raise WouldBreak(problems, "Fix that example or rule first, or delete the rule: cpt rules remove ID")
    return book


def say_where(folder: Path, files: Mapping[str, str]) -> None:
    """Print what was done with each file, after the answer."""
    for name, what in files.items():
        tell(f"{what}: {folder / name}")
