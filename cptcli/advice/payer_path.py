"""Whose rules count for a payer, a state and a setting, and what has to be said about that."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from ..errors import MissingOption
from ..model.answer import Remark
from ..model.common import Setting
from ..model.rules import Payer
from ..model.tables import Table
from ..rulebook.book import RuleBook


class PayerPath(Struct, frozen=True):
    """The payers whose rules count, the widest first, and the remarks on how they were found."""

    chain: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()
    resolved: str | None = None  # how the contractor was found, where the state names it
    contractors: Table | None = None  # the table that gave the contractor of the state


def payer_path(book: RuleBook, payer: str | None, state: str | None, setting: Setting, day: date) -> PayerPath:
    """Return the payers that decide for a payer given, in a state and setting, on a date of service.

    Without a payer, home equipment is answered as for `home_payer`. Raises MissingOption for the clinic.
    """
    table = book.table("medicare-contractors")
    known = book.payer(payer) if payer else None
    ended = bool(known and known.ends and day > known.ends)
    before = day if table and day < table.effective else None  # the remark on it names the day
    key = ("payer path", payer, state, setting, ended, before)
    path: PayerPath = book.plans.once(key, lambda: _Finder(book, setting, day).path(payer, state))
    return path


def contractor_for(book: RuleBook, payer: str, state: str, setting: Setting) -> str | None:
    """Return the contractor of `payer` for this state and setting; None where there is none or more than one."""
    fitting = [
        key
        for key in book.linked("payers_of_state", state)
        if payer in book.payer_chain(key)[:-1]
        and (contractor := book.payer(key))
        and contractor.jurisdiction
        and setting in contractor.settings
    ]
    return fitting[0] if len(fitting) == 1 else None


def name_of(book: RuleBook, payer: str | None) -> str:
    """Return a payer's name from its id."""
    known = book.payer(payer) if payer else None
    return known.name if known else str(payer)


def short_name_of(book: RuleBook, payer: str | None) -> str:
    """Return a payer's short name from its id."""
    known = book.payer(payer) if payer else None
    return (known.short_name or known.name) if known else str(payer)


class _Finder:
    """Finds a path and collects the remarks on it."""

    def __init__(self, book: RuleBook, setting: Setting, day: date) -> None:
        self.book, self.setting, self.day = book, setting, day
        self.remarks: list[Remark] = []
        self.contractors: Table | None = None

    def warn(self, text: str, short: str | None = None, must: bool = False) -> None:
        self.remarks.append(Remark(kind="warning", says=text, short=short, must=must))

    def path(self, payer: str | None, state: str | None) -> PayerPath:
        resolved = None
        if payer is None:
            decides = self._home_payer()
        elif (known := self.book.payer(payer)) is None:
            raise LookupError(payer)
        else:
            self._warn_of_payer(known)
            decides, resolved = self._in_state(known, state)
        return PayerPath(self.book.payer_chain(decides), tuple(self.remarks), resolved, self.contractors)

    def _home_payer(self) -> str:
        if self.setting != "home":
            raise MissingOption(["--payer"])
        home = self.book.edition.home_payer
        self.warn(
            f"No payer given (--payer): equipment is answered as for {name_of(self.book, home)}.",
            f"No payer given: answered as for {short_name_of(self.book, home)}. Add --payer.",
            must=True,
        )
        return home

    def _in_state(self, payer: Payer, state: str | None) -> tuple[str, str | None]:
        """Return who decides in a state, and how that was found."""
        book = self.book
        if state is None:
            if payer.ask_state:
                self.warn(
                    "National rules only: add the state (--state) for the rules of the contractor, which decides what "
                    "they leave open.",
                    "National rules only. Add --state for the contractor's own rules.",
                )
            return payer.id, None
        if contractor := contractor_for(book, payer.id, state, self.setting):
            known = book.payer(contractor)
            assert known is not None
            words = (f"{state} belongs to {known.name}", known.says, known.caveat)
            self._by_state(state)
            return contractor, ". ".join(each.rstrip(".") for each in words if each) + "."
        below = [known for key in book.children(payer.id) if (known := book.payer(key))]
        states = {*payer.states, *(state for each in below for state in each.states)}
        if any(each.jurisdiction and each.states for each in (payer, *below)):
            self._by_state(state)
        if states and state not in states:
            known_for = ", ".join(sorted(states)) if len(states) <= 6 else f"{len(states)} other states"
            self.warn(
                f"Our rules of {payer.name} are for {', '.join(sorted(states))}, not {state}: check who pays.",
                f"{short_name_of(book, payer.id)}: our rules are for {known_for}, not {state}. Check who pays.",
                must=True,
            )
        return payer.id, None

    def _by_state(self, state: str) -> None:
        """Note that the answer uses the table of contractors by state; warn for a date before that table starts."""
        table = self.contractors = self.book.table("medicare-contractors")
        if table and self.day < table.effective:
            self.warn(
                f"Our list of contractors by state starts on {table.effective}: on {self.day} another may have decided "
                f"for {state}, so its own rules are not certain for that day.",
                f"The contractor of {state} on {self.day} is not certain: our list starts on {table.effective}.",
            )

    def _warn_of_payer(self, payer: Payer) -> None:
        """Warn if the payer has ended, does not decide for this setting, or another contractor has its states today."""
        book, short = self.book, short_name_of(self.book, payer.id)
        if payer.ends and self.day > payer.ends:
            ended = f"{short} ended on {payer.ends}: find out who pays now."
            self.warn(ended, ended, must=True)
        if self.setting not in payer.settings:
            where = " and ".join(payer.settings)
            only = f"{short} decides for the {where} only, not for the {self.setting}."
            self.warn(only, only, must=True)
        for wider in book.payer_chain(payer.id)[:-1]:
            above = book.payer(wider)
            if above is None or not above.ask_state or payer.jurisdiction:
                continue
            today = (contractor_for(book, wider, state, self.setting) for state in payer.states)
            for key in dict.fromkeys(filter(None, today)):
                now = book.payer(key)
                states = [state for state in payer.states if now and state in now.states]
                today_by = f"{short_name_of(book, key)}, not {short}, has {', '.join(states)} today."
                self.warn(today_by, today_by, must=True)


def pays_by_fee_schedule(book: RuleBook, chain: Iterable[str]) -> bool:
    """Return whether a payer, or one that it inherits from, pays by Medicare's fee schedule."""
    return any((payer := book.payer(key)) and payer.fee_schedule for key in chain)
