"""How names are compared letter by letter, and the result of a search. words.py compares them word by word."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

BEGINNING = 3  # letters at least: two letters are a state, not a name
_CLOSE_ENOUGH = 0.72  # difflib's ratio, for ids: 'medicare-ncd-2706' finds medicare-ncd-270-6
# How a name was found, the surest first: letter by letter; the same words; the same except filler words; its initials;
# its beginning; enough of its words; all of it among other words about the same thing.
SURE = ("exact", "same", "alike", "initials", "beginning", "words", "around")


@lru_cache(maxsize=4096)
def normalized(name: str) -> str:
    """Return the name for comparison: without case, accents, punctuation and full-width letters."""
    folded = name.casefold()
    if not name.isascii():
        import unicodedata

        folded = unicodedata.normalize("NFKD", folded)
        folded = "".join(sign for sign in folded if not unicodedata.combining(sign))
    letters = "".join(sign if sign.isalnum() else " " for sign in folded)
    return " ".join(letters.split())


def upright(typed: str) -> str:
    """Return what was typed in plain capitals, without blanks at its ends."""
    if not typed.isascii():
        import unicodedata

        typed = unicodedata.normalize("NFKC", typed)
    return typed.strip().upper()


class Found(Struct, frozen=True):
    """The ids that a name may mean: one when it is clear, several when it is not."""

    ids: tuple[str, ...]
    how: str  # one of SURE; part: too few of its words to be sure; nothing

    @property
    def clear(self) -> str | None:
        """Return the id, when the name is known and means one thing; else None."""
        return self.ids[0] if len(self.ids) == 1 and self.how in SURE else None

    @property
    def rank(self) -> int:
        """Return how sure the match is: 0 is exact."""
        return SURE.index(self.how) if self.how in SURE else len(SURE)


def find_exact(asked: str, names: Mapping[str, tuple[str, ...]]) -> Found | None:
    """Return the exact match of `asked` among normalized `names` -> ids, without regard to blanks; else None."""
    wanted = normalized(asked)
    if not wanted:
        return Found((), "nothing")
    if wanted in names:
        return Found(names[wanted], "exact")
    joined = wanted.replace(" ", "")
    matches = [name for name in names if name.replace(" ", "") == joined]
    ids = tuple(dict.fromkeys(each for name in matches for each in names[name]))
    return Found(ids, "exact") if ids else None


def nearest(wanted: str, names: Iterable[str]) -> list[str]:
    """Return up to four known ids that look like the one typed, best first."""
    from difflib import get_close_matches  # slow to import, and only needed for an id that was not found

    return get_close_matches(wanted[:80], [*names], 4, _CLOSE_ENOUGH)
