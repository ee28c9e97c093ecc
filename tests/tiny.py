"""A rule base small enough to hold in the head, for laws about rules: one treatment, one device, a few payers."""

from collections.abc import Iterable

from msgspec import Struct

from cptcli.rulebook.book import RuleBook
from cptcli.rulebook.compiled import compile_parts
from cptcli.rulebook.load import Parts

_FACT = "evidence: primary, confidence: high, checked: '2026-01-01', sources: [book]"
TINY = {
    "rulebook.yaml": "version: '1'\nstale_after_days: 365\nother_payer: national\nhome_payer: national\n",
    "coding-verification.yaml": (
        "says: Ask.\nask_for: [a letter]\nis_not: Coverage.\nconfidence: high\nsources: [book]\n"
        "bodies:\n  - {id: body, name: Body, says: Verifies., sources: [book], confidence: high}\n"
    ),
    "sources/book.yaml": "sources:\n  - {id: book, title: A book}\n",
    "codes/all.yaml": "family: All\ncodes:\n"
    + "".join(
        f"  - {{code: '{code}', code_set: CPT, kind: ours, name: Code {code}, summary: One., sources: [book],"
        " confidence: high, checked: '2026-01-01'}\n"
        for code in ("10001", "10002", "10003")
    ),
    "modalities/light.yaml": (
        f"family: Light\nmodalities:\n  - {{id: lamp, name: Lamp, code: '10001', {_FACT}}}\n"
        f"  - {{id: red-lamp, name: Red lamp, kind_of: lamp, code: '10001', {_FACT}}}\n"
    ),
    "devices/manufacturer.yaml": (
        "id: manufacturer\nname: Manufacturer\ndevices:\n"
        "  - {id: device, name: Device, modality: red-lamp, settings: [clinic],"
        " recommendation: {stance: none_found, says: Nothing.}, coding_verification: {status: not_applicable},"
        f" says: A lamp., {_FACT}}}\n"
    ),
    "payers/national.yaml": "id: national\nname: National\nkind: programme\n",
    "payers/local.yaml": "id: local\nname: Local\nkind: contractor\nparent: national\n",
}


class Held(Struct):
    """What `Files` is to the loader: the contents of a rule folder, here held in memory."""

    contents: dict[str, bytes]
    unreadable: tuple[()] = ()


def held(texts: dict[str, str]) -> Held:
    """A rule folder of these texts by their path."""
    return Held({name: text.encode() for name, text in texts.items()})


def rule(key: str, applies: str, *effects: str, evidence: str = "primary", confidence: str = "high") -> str:
    """A rule as YAML, for `with_rules`."""
    lines = [f"id: {key}", f"says: Rule {key}.", f"applies: {{{applies}}}", *effects, f"evidence: {evidence}",
             f"confidence: {confidence}", "checked: '2026-01-01'", "sources: [book]"]  # fmt: skip
    return "  - " + "\n    ".join(lines) + "\n"


def with_rules(payer: str, rules: Iterable[str]) -> dict[str, str]:
    """The file that gives a payer of the tiny rule base further rules."""
    return {f"payers/{payer}-more.yaml": f"extends: {payer}\nrules:\n" + "".join(rules)}


def tiny_book(*more: dict[str, str], clinic: dict[str, str] | None = None) -> RuleBook:
    """The tiny rule base with further files, and with a clinic folder laid over it."""
    parts = Parts()
    parts.add(held({name: text for texts in (TINY, *more) for name, text in texts.items()}))
    if clinic:
        parts.add(held(clinic), clinic=True)
    return RuleBook(compile_parts(parts, "0" * 64, "clinic" if clinic else None))
