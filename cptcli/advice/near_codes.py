"""The form of a code, and the nearest codes where a typed one is not in our list."""

import re

from ..errors import UnknownName
from ..rulebook.book import RuleBook

CODE = r"[0-9]{5}|[0-9]{4}[AFMTU]|[A-Z][0-9]{4}"
_LOOKS_ALIKE = str.maketrans("OIL", "011")


def corrected_code(book: RuleBook, text: str) -> str | None:
    """Return the code with digits in place of look-alike letters (O, I, L); None where that is no code in our list."""
    with_digits = text[:1] + text[1:].translate(_LOOKS_ALIKE)
    if text[:1] in "OIL" and not book.code(with_digits):
        with_digits = text.translate(_LOOKS_ALIKE)
    return with_digits if with_digits != text and book.code(with_digits) else None


def no_such_code(book: RuleBook, asked: str, compact: str) -> UnknownName:
    """Return the error for a malformed code, with the nearest codes; a known misprint names the code it means."""
    form = "A CPT or HCPCS code has five characters"
    meant = book.edition.misprints.get(compact)
    if meant:
        return UnknownName(
            "code", asked, [_named(book, meant)], f"{form}; {asked.strip()} has {len(compact)}: a misprint."
        )
    begun = [code for code in book.keys("codes") if code.startswith(compact) or compact.startswith(code)]
    near = begun or near_codes(book, compact)
    wrong = f"{asked.strip()} has {len(compact)}" if len(compact) != 5 else f"{asked.strip()} does not have that form"
    return UnknownName("code", asked, [_named(book, code) for code in near[:5]], f"{form}; {wrong}.")


def near_codes(book: RuleBook, text: str) -> list[str]:
    """Return codes in use that are one typing error away: a misprint, two neighbors swapped, a letter for a digit.

    A code with another digit does not count: it is most likely a real code for another service, not in our list.
    """
    misprint = book.edition.misprints.get(text)
    slips = [key for key in book.keys("codes") if _is_a_slip(key, text) and _is_in_use(book, key)]
    return [*dict.fromkeys(filter(None, (misprint, *slips)))]


def _is_a_slip(code: str, text: str) -> bool:
    """Return whether two neighbors are swapped, or one character does not fit the form of a code."""
    differ = [place for place, (one, other) in enumerate(zip(code, text, strict=False)) if one != other]
    if len(code) != len(text) or len(differ) not in (1, 2):
        return False
    first, last = differ[0], differ[-1]
    if first == last:
        return not re.fullmatch(CODE, text) and text[first] not in "OIL"  # these are read as the digits they look like
    return last == first + 1 and code[first] == text[last] and code[last] == text[first]


def same_ten(book: RuleBook, text: str) -> list[str]:
    """Return the codes in use with the same first four characters: the same block of ten."""
    if not text[-1:].isdigit():
        return []
    return [key for key in book.keys("codes") if key[:-1] == text[:-1] and _is_in_use(book, key)]


def _is_in_use(book: RuleBook, key: str) -> bool:
    code = book.code(key)
    return code is not None and code.ends is None


def _named(book: RuleBook, code: str) -> str:
    known = book.code(code)
    return f"{code} ({known.name})" if known else code


def unlisted_code(book: RuleBook, asked: str, key: str) -> UnknownName:
    """Return the error for a code not in our list, with the codes one typing error away and its block of ten."""
    slips = near_codes(book, key)
    block = [each for each in same_ten(book, key) if each not in slips]
    beside = f" Codes {key[:-1]}0 to {key[:-1]}9 in our list: {', '.join(block)}." if block else ""
    todo = (
        f"{key} has the form of a code and may be valid; our list is for physical medicine. "
        f"cpt check still uses what CMS's tables say of it (NCCI, MUE, fees).{beside}"
    )
    return UnknownName("code", asked, [_named(book, each) for each in slips[:4]], todo)
