"""Random days and questions, the same for the same seed: what the digests and the benchmark of deciding ask.

A case hangs on the seed, its own key and the ids of the rule base alone. An id that is added or taken out changes only
the cases that draw it, so that a stored digest of the others stays good.
"""

import hashlib
from bisect import bisect
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, get_args

from cptcli.rulebook.book import RuleBook

try:
    from cptcli.model.common import Care, Claim, Notice, Provider
    from cptcli.model.visit import AssistantMethod
except ImportError:  # an older checkout, which tests/bench/decide.py measures beside this one
    from cptcli.visit_model import AssistantMethod

    from cptcli.model import Care, Claim, Notice, Provider

Document = dict[str, Any]  # plain JSON

SEED = 11
PAYERS = (  # of the questions: Medicare from wide to narrow, then every kind of other payer
    "medicare", "palmetto", "palmetto-jm", "noridian-je", "cgs-dme-jc", "aetna", "anthem", "cigna", "humana",
    "unitedhealthcare", "tricare", "va-community-care", "florida-medicaid", "washington-labor-and-industries", "other",
)  # fmt: skip
STATES = (
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
    "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH",
    "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR", "VI", "GU",
    "AS", "MP",
)  # fmt: skip
TIMED = ("97032", "97035", "97110", "97112", "97116", "97124", "97140", "97530", "97535", "97129", "97542", "97760")
UNTIMED = ("97010", "97012", "97014", "97016", "97018", "97024", "97026", "97150", "97161", "97164", "97597", "G0283",
           "98940", "98941", "97799", "97039", "97139", "20560", "92507", "92526", "97750", "95992")  # fmt: skip
_OTHERS = ("99213", "20610", "64483", "A4556", "E0720", "E0730", "E0745", "E0221", "E0650", "L1833", "0019T", "97001")
_NO_CODES = ("9711O", "971100", "abc", "97110GP", "1234", "G028", "ZZZZZ", "97110x2", "")
_DIAGNOSES = ("E11.42", "E1142", "G62.9", "M54.50", "M25.511", "I87.2", "S83.511A", "L97.419", "E11.621", "I89.0",
              "G56.01", "R26.2", "Z47.1", "I69.351", "R13.12", "M79", "E11")  # fmt: skip
_DISCIPLINES = ("PT", "OT", "SLP")
_ZIPS = ("29201", "10001", "94110", "60601", "20814", "00901", "66101", "64111", "99999")
_LOCALITIES = ("11202/01", "13202-01", "1112/05", "6102/16", "10112/00", "99999/99")
_REGIONS = ("neck", "cervical", "lumbar", "left knee", "right knee", "shoulder", "somewhere", "")
_AMOUNTS = ("0", "1200.50", "2010.00", "2330.00", "2409.99", "2410", "2480.00", "2999.99", "3000.01", "12000")
_MINUTES = (0, 1, 7, 8, 14, 15, 16, 22, 23, 30, 37, 38, 45, 53)
_USUAL_MODIFIERS = (
    "GP",
    "GP",
    "GP",
    "GO",
    "GN",
    "59",
    "XS",
    "CQ",
    "CO",
    "KX",
    "GA",
    "GY",
    "GX",
    "AT",
    "25",
    "76",
    "LT",
)


class _Ring:
    """Ids to draw from: one more or one less changes only the draws that meet it."""

    def __init__(self, ids: Iterable[str]) -> None:
        places = [(hashlib.blake2b(f"{each} {n}".encode()).digest(), each) for each in ids for n in range(8)]
        self._places = sorted((int.from_bytes(digest[:7], "big") / 2**56, each) for digest, each in places)

    def draw(self, chance: Random) -> str:
        """One of the ids."""
        return self._places[bisect(self._places, (chance.random(),)) % len(self._places)][1]


class Days:
    """The random days and questions of one rule base."""

    def __init__(self, book: RuleBook, seed: int = SEED) -> None:
        self._seed = seed
        self._book = book
        self._codes, self._payers, self._devices, self._modifiers, self._unit_rules = (
            _Ring(book.keys(shelf)) for shelf in ("codes", "payers", "devices", "modifiers", "unit_rules")
        )
        self._medicare = _Ring(("medicare", *book.children("medicare")))
        held = (payer for key in ("medicare", *book.children("medicare")) if (payer := book.payer(key)))
        self._for_clinics = _Ring(payer.id for payer in held if "clinic" in payer.settings)

    def chance(self, key: str) -> Random:
        """The chance of one case."""
        return Random(f"{self._seed} {key}")

    # ------------------------------------------------------------------------------------------------- a day

    def day(self, key: str) -> Document:
        """One patient's day, as a visit's document; about one in ten has something that cannot be read."""
        chance = self.chance(key)
        visit: Document = {
            "payer": self._payer(chance),
            "state": _maybe(chance, 0.6, _odd(chance, chance.choice(STATES), "sc", "XX")),
            "service_date": _maybe(chance, 0.95, self._date(chance).isoformat()),
            "discipline": _maybe(
                chance, 0.5, _odd(chance, chance.choice(("PT", "OT", "SLP")), "physical therapy", "XT")
            ),
            "provider": _maybe(chance, 0.5, _odd(chance, chance.choice(get_args(Provider)), "nurse")),
            "claim": _maybe(chance, 0.4, chance.choice(get_args(Claim))),
            "unit_rule": _maybe(chance, 0.2, _odd(chance, self._unit_rules.draw(chance), "eight")),
            "abn": _maybe(chance, 0.3, chance.choice(get_args(Notice))),
            "care": _maybe(chance, 0.3, chance.choice(get_args(Care))),
            "assistant_method": _maybe(chance, 0.3, chance.choice(get_args(AssistantMethod))),
            "zip": _maybe(chance, 0.15, chance.choice(_ZIPS)),
            "locality": _maybe(chance, 0.1, chance.choice(_LOCALITIES)),
            "year_to_date": {
                bucket: amount
                for bucket in ("PT_SLP", "OT")
                if (amount := _maybe(chance, 0.3, chance.choice(_AMOUNTS)))
            },
        }
        visit["diagnoses"] = {
            letter: _odd(chance, chance.choice(_DIAGNOSES), "none")
            for letter in "ABCD"[: chance.choice((0, 0, 1, 2, 3))]
        }
        letters = "".join(visit["diagnoses"])
        visit["lines"] = [self._line(chance, letters) for _ in range(chance.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 9)))]
        return _told(visit)

    def _payer(self, chance: Random) -> str | None:
        payer = (self._medicare if chance.random() < 0.45 else self._payers).draw(chance)
        named = payer.replace("-", " ").title()
        return _maybe(chance, 0.995, _odd(chance, payer, named, named, "Acme Mutual"))

    def _date(self, chance: Random) -> date:
        first = date(2006, 1, 1) if chance.random() < 0.5 else date(2024, 7, 1)
        return first + timedelta(days=chance.randrange((date(2027, 12, 31) - first).days + 1))

    def _code(self, chance: Random) -> str:
        kind = chance.random()
        if kind < 0.62:
            return chance.choice(TIMED if kind < 0.4 else UNTIMED)
        if kind < 0.9:
            return self._codes.draw(chance)
        if kind < 0.96:
            return chance.choice(_OTHERS)
        return chance.choice(_NO_CODES) if kind > 0.99 else f"{chance.randrange(100_000):05d}"

    def _line(self, chance: Random, letters: str) -> Document:
        code = self._code(chance)
        apart = chance.random() < 0.15
        timed = chance.random() < (0.9 if code in TIMED else 0.3)
        return _told(
            {
                "code": code,
                "minutes": self._minutes(chance) if timed and not apart else None,
                "therapist_minutes": self._minutes(chance) if apart else None,
                "assistant_minutes": _maybe(chance, 0.8, self._minutes(chance)) if apart else None,
                "joint_minutes": _maybe(chance, 0.2, self._minutes(chance)) if apart else None,
                "units": _maybe(chance, 0.3, _odd(chance, chance.choice((0, 1, 1, 2, 3, 4, 12)), 10_000)),
                "modifiers": [self._modifier(chance) for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3)))],
                "diagnoses": [chance.choice(letters) for _ in range(chance.choice((0, 1, 2)))] if letters else [],
                "device": _maybe(chance, 0.06, _odd(chance, self._devices.draw(chance), "no such device")),
                "region": _maybe(chance, 0.2, chance.choice(_REGIONS)),
                "distinct": _maybe(chance, 0.15, chance.choice(("no", "No", "another region", "different session"))),
                "revenue_code": _maybe(chance, 0.1, chance.choice(("420", "0430", "440", "0360"))),
                "charge": _maybe(chance, 0.3, chance.choice(("30.00", "90", "125.5", "0"))),
                "narrative": _maybe(chance, 0.1, chance.choice(("laser to the left knee", "x" * 90))),
                "coding_verification": _maybe(chance, 0.1, chance.choice(("PDAC letter of 2024", "PDAC: E0720"))),
            }
        )

    def _minutes(self, chance: Random) -> int:
        return _odd(chance, chance.choice(_MINUTES), 1_439, 1_440) if chance.random() < 0.7 else chance.randrange(70)

    def _modifier(self, chance: Random) -> str:
        if chance.random() < 0.75:
            return chance.choice(_USUAL_MODIFIERS)
        return _odd(chance, self._modifiers.draw(chance), "gp", "QQ", "5")

    # -------------------------------------------------------------------------------------------- a question

    def questions(self) -> Iterator[str]:
        """The keys of every question: device alone, treatment alone, and the two together.

        A device and a treatment that it may be go to every payer of PAYERS; the others, which are told to contradict
        each other, to one.
        """
        devices, modalities = (sorted(self._book.keys(shelf)) for shelf in ("devices", "modalities"))
        for device, modality in [*((each, "-") for each in devices), *(("-", each) for each in modalities)]:
            yield from (f"suggest {device} {modality} {payer}" for payer in PAYERS)
        chains = {each: self._book.modality_chain(each) for each in modalities}
        for device in devices:
            held = self._book.device(device)
            assert held is not None
            for modality in modalities:
                fits = modality in chains[held.modality] or held.modality in chains[modality]
                pair = f"suggest {device} {modality}"
                yield from (f"{pair} {payer}" for payer in (PAYERS if fits else (self.chance(pair).choice(PAYERS),)))

    def question(self, key: str) -> Document:
        """The options of a question by its key: a plain one, or with what else may be given."""
        _, device, modality, payer = key.split(" ")
        chance = self.chance(key)
        asked: Document = {
            "on": "2026-11-23",
            "device": None if device == "-" else device,
            "modality": None if modality == "-" else modality,
            "payer": payer,
        }
        if chance.random() < 0.6:
            asked |= {
                "on": self._date(chance).isoformat(),
                "state": _maybe(chance, 0.5, chance.choice(STATES)),
                "setting": _maybe(chance, 0.5, chance.choice(("clinic", "home"))),
                "answers": _maybe(chance, 0.3, [chance.choice(("attended", "unattended"))]),
                "diagnoses": _maybe(chance, 0.4, chance.sample(_DIAGNOSES, 2)),
                "coding_verification": _maybe(chance, 0.2, chance.choice(("PDAC letter of 2024", "PDAC: E0720"))),
                "provider": _maybe(chance, 0.4, chance.choice(get_args(Provider))),
                "discipline": _maybe(chance, 0.4, chance.choice(_DISCIPLINES)),
                "claim": _maybe(chance, 0.3, chance.choice(get_args(Claim))),
                "care": _maybe(chance, 0.2, chance.choice(get_args(Care))),
                "abn": _maybe(chance, 0.2, chance.choice(get_args(Notice))),
            }
        return _told(asked)

    # ------------------------------------------------------------------------------------- for the benchmark

    def medicare_day(self, key: str) -> Document:
        """A sound day of four lines at Medicare or one of its contractors."""
        chance = self.chance(key)
        codes = [*chance.sample(TIMED[:9], 3), chance.choice(UNTIMED)]
        return {
            "payer": self._for_clinics.draw(chance),
            "state": chance.choice(STATES[:51]),
            "service_date": (date(2025, 1, 1) + timedelta(days=chance.randrange(690))).isoformat(),
            "discipline": chance.choice(("PT", "PT", "OT")),
            "provider": chance.choice(("physical_therapist", "occupational_therapist", "physician")),
            "diagnoses": dict(zip("AB", chance.sample(_DIAGNOSES, 2), strict=True)),
            "lines": [
                _told({"code": code, "minutes": chance.choice(_MINUTES[3:]) if code in TIMED else None})
                for code in codes
            ],
        }

    def clinic_question(self, key: str) -> Document:
        """A question as the front desk has it: a device or a treatment, a payer, a state, a day."""
        chance = self.chance(key)
        device = self._devices.draw(chance)
        held = self._book.device(device)
        assert held is not None
        return {
            "on": (date(2025, 1, 1) + timedelta(days=chance.randrange(690))).isoformat(),
            "payer": self._payers.draw(chance),
            "state": chance.choice(STATES[:51]),
            **({"device": device} if chance.random() < 0.6 else {"modality": held.modality}),
            **({"diagnoses": [chance.choice(_DIAGNOSES)]} if chance.random() < 0.5 else {}),
        }


def _maybe(chance: Random, share: float, value: Any) -> Any:
    """The value in so many of cases, else None."""
    return value if chance.random() < share else None


def _odd(chance: Random, usual: Any, *odd: Any) -> Any:
    """The usual value; one time in a hundred one of the odd ones."""
    return chance.choice(odd) if chance.random() < 0.01 else usual


def _told(document: Document) -> Document:
    """What is given of a document."""
    return {key: value for key, value in document.items() if value not in (None, [], {})}
