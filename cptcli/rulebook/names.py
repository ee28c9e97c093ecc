"""Finding what a person means by a name: exact, by alias, by an unambiguous beginning, or nearly."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

_BEGINNING = 3  # letters at least: two, as those of a state, are no name
_CLOSE_ENOUGH = 0.72  # difflib's ratio: 'anodine' finds anodyne (0.86), 'light' does not find 'weight'


def normalized(name: str) -> str:
    """The name as names are compared: width, case, accents and punctuation do not count."""
    folded = name.casefold()
    if not name.isascii():
        import unicodedata

        folded = unicodedata.normalize("NFKD", folded)
        folded = "".join(sign for sign in folded if not unicodedata.combining(sign))
    letters = "".join(sign if sign.isalnum() else " " for sign in folded)
    return " ".join(letters.split())


def upright(typed: str) -> str:
    """What was typed, in capitals of plain width and without blanks around it."""
    if not typed.isascii():
        import unicodedata

        typed = unicodedata.normalize("NFKC", typed)
    return typed.strip().upper()


class Found(Struct, frozen=True):
    """What a name means: one id when it is clear, several when it is not, the nearest ones when it is unknown."""

    ids: tuple[str, ...]
    how: str  # exact, beginning, words, nearly, nothing

    @property
    def clear(self) -> str | None:
        """The one id, when the name is known and means one thing."""
        return self.ids[0] if len(self.ids) == 1 and self.how in ("exact", "beginning") else None


def find(asked: str, names: Mapping[str, tuple[str, ...]]) -> Found:
    """What `asked` means among normalized `names` -> ids; never guesses between two."""
    wanted = normalized(asked)
    if not wanted:
        return Found((), "nothing")
    if wanted in names:
        return Found(names[wanted], "exact")
    joined = wanted.replace(" ", "")
    for how, matches in (
        ("exact", [name for name in names if name.replace(" ", "") == joined]),
        ("beginning", [name for name in names if name.startswith(wanted)] if len(wanted) >= _BEGINNING else []),
        ("words", [name for name in names if f" {wanted} " in f" {name} "]),
    ):
        if matches:
            return Found(_ids(matches, names), how)
    near = nearest(wanted, names)
    return Found(_ids(near, names), "nearly" if near else "nothing")


def nearest(wanted: str, names: Iterable[str]) -> list[str]:
    """Up to four known names that look like `wanted`, best first."""
    from difflib import get_close_matches  # only a name that was not found pays for it

    return get_close_matches(wanted[:80], [*names], 4, _CLOSE_ENOUGH)


def _ids(matches: Iterable[str], names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for name in matches for each in names[name]))
