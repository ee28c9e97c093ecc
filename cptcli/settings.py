"""A clinic's own settings: reads and writes one TOML file with the values that are the same in every question.

An option beats the environment, and both beat the settings. A file that cannot be read is an error and never ignored.
Imported by every command that answers, so tomllib is imported only to read a file, tomlkit only to write one.
"""

import os
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from msgspec import Struct

from .errors import CptError, as_text
from .model.common import Claim, Provider

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

LARGEST = 100_000  # bytes; a real file has a few hundred
FILE = "settings.toml"
FORMS = {  # each setting, and the form of its value
    "payer": 'a payer, as "palmetto"',
    "state": 'two letters, as "SC"',
    "zip": "five digits in quotes",
    "discipline": 'a plan of care, as "PT"',
    "provider": f"one of {', '.join(get_args(Provider))}",
    "claim": f"one of {', '.join(get_args(Claim))}",
    "unit_rule": "how units are counted where the payer's own rule is not known",
    "rules": "a folder with your own rules",
}
KEYS = tuple(FORMS)
_TOGETHER = (("state", "zip", "locality"), ("provider", "discipline"))  # place of service; who treated
_FILLED = ("payer", "state", "zip", "discipline", "provider", "claim")


class SettingsUnreadable(CptError):
    """A settings file with problems; has all of them, each with file and line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        todo = "Fix the file, or answer without it: lookup, suggest, check, fee and compare have --no-settings."
        super().__init__("\n".join(["Your settings cannot be used.", *problems, todo]), problems=[*problems])


class Settings(Struct, frozen=True, kw_only=True):
    """The values of a clinic's settings file; None is not set. Names are resolved where they are used."""

    payer: str | None = None
    state: str | None = None
    zip: str | None = None
    discipline: str | None = None
    provider: str | None = None
    claim: str | None = None
    unit_rule: str | None = None
    rules: str | None = None
    file: str = ""  # the file and its text, for the line in an error message
    text: str = ""

    def fill(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return the settings for the values that were not given (None).

        State, ZIP code and locality are one group (the place), provider and discipline another (who treated): where a
        given value of a group differs from the settings, nothing of that group is used. Not filled: the unit rule,
        which counts only where the payer's own is not known, and the rule folder, which comes with the rules.
        """
        apart = {
            key
            for group in _TOGETHER
            if any(_another(given.get(each), getattr(self, each, None)) for each in group)
            for key in group
        }
        open_keys = (key for key in _FILLED if key in given and given[key] is None and key not in apart)
        return {key: value for key in open_keys if (value := getattr(self, key))}

    def taken(self, filled: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the settings that an answer used: the values filled in, and the rule folder."""
        return (*filled, *(("rules",) if self.rules else ()))

    def places_of(self, keys: Iterable[str]) -> dict[str, str]:
        """Return file and line of these settings, for an error message."""
        return {key: f"{self.file}:{_line_of(key, self.text)}" for key in keys if getattr(self, key, None)}


def _another(given: object, ours: str | None) -> bool:
    return given is not None and str(given).strip().casefold() != (ours or "").casefold()


def settings_file() -> Path:
    """Return the file in CPT_SETTINGS, else settings.toml in the platform's own folder; it may not exist."""
    if named := os.environ.get("CPT_SETTINGS"):
        return Path(named)
    return Path(_folder()) / FILE


def _folder() -> str:
    """Return the platform's own folder for the settings of cpt.

    Linux is done here as platformdirs does it, because importing platformdirs costs 4 percent of start-up.
    """
    home, named = os.environ.get("HOME", ""), os.environ.get("XDG_CONFIG_HOME", "")
    if sys.platform.startswith("linux") and home.startswith("/") and "ANDROID_ROOT" not in os.environ:
        return f"{named if named.startswith('/') else home + '/.config'}/cpt"
    from platformdirs import user_config_dir

    return user_config_dir("cpt", appauthor=False)


def load() -> Settings:
    """Return the settings, all None if there is no file. Raises SettingsUnreadable naming every problem."""
    file = settings_file()
    raw = read(file)
    if raw is not None:
        return parse(raw, file)
    if os.environ.get("CPT_SETTINGS"):
        todo = "name a file that exists in CPT_SETTINGS, or create it: cpt settings set KEY VALUE"
        raise SettingsUnreadable([f"{shown(file)}: no such file; {todo}"])
    return Settings()


def shown(file: Path) -> str:
    """Return a file's name as text, even if its bytes are not text."""
    return as_text(str(file))


def read(file: Path) -> bytes | None:
    """Return the bytes of the file, None if there is none. Raises SettingsUnreadable if it cannot be read."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        for path in (file, *file.parents):
            if path.is_symlink() and not path.exists():
                raise _unreadable(file, f"{shown(path)} is a broken link: its target does not exist") from None
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(file, getattr(error, "strerror", None) or str(error)) from None
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(file, "it is a folder" if stat.S_ISDIR(found.st_mode) else "it is not a regular file")
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from None
    if len(raw) > LARGEST:
        raise _unreadable(file, f"more than {LARGEST:,} bytes; settings are a few lines")
    return raw


def _unreadable(file: Path, why: str) -> SettingsUnreadable:
    return SettingsUnreadable([f"{shown(file)}: cannot be read ({why})"])


def parse(raw: bytes, file: Path) -> Settings:
    """Return the settings in a file's bytes. Raises SettingsUnreadable naming every problem with its line."""
    text = _decoded(raw, file)
    values: dict[str, str] = {}
    problems: list[tuple[int, str]] = []
    for key, value in _table(text, file).items():
        if key not in FORMS:
            near = nearest(key)
            todo = f"did you mean {near!r}?" if near else f"delete it, or use one of {', '.join(KEYS)}"
            problems.append((_line_of(key, text), f"no setting is called {key[:80]!r}; {todo}"))
        elif (read_as := read_value(key, value, file.parent)) is None:
            problems.append((_line_of(key, text), f"{key} is {_in_words(value)}; expected {FORMS[key]}"))
        else:
            values[key] = read_as
    if problems:
        raise SettingsUnreadable([f"{shown(file)}:{line}: {what}" for line, what in sorted(problems)])
    return Settings(**values, file=shown(file), text=text)


def _in_words(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return repr(value[:80]) if isinstance(value, str) else str(value)[:80].lower()


def nearest(key: str) -> str | None:
    """Return the setting nearest to a name that is not one, None if none is near."""
    from difflib import get_close_matches

    same = key.casefold().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(same[:80], KEYS, 1)), None)


def read_value(key: str, value: object, folder: Path) -> str | None:
    """Return the value of a setting in the form used, None if it is not valid.

    A rule folder is relative to the folder of the settings file, and may start with ~.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        return None
    text = value.strip()
    if key == "state":
        return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None
    if key == "zip":
        return text if len(text) == 5 and text.isascii() and text.isdecimal() else None
    if key in ("provider", "claim"):
        word = "_".join(text.casefold().replace("-", " ").replace("_", " ").split())
        return word if word in get_args(Provider if key == "provider" else Claim) else None
    if key == "rules":
        return os.path.abspath(folder / os.path.expanduser(text))  # noqa: PTH100, PTH111 - a link stays a link
    return text


def _decoded(raw: bytes, file: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = "bytes that are not UTF-8; save the file as UTF-8"
        raise SettingsUnreadable([f"{shown(file)}:{line}: {what}"]) from None


def _table(text: str, file: Path) -> dict[str, object]:
    """Return the TOML table of a text. Raises SettingsUnreadable with the line of the first error."""
    import re
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsUnreadable([f'{shown(file)}: nested too deeply; expected lines such as state = "SC"']) from None
    except ValueError as error:  # from tomllib, or from a number of 5,000 digits
        found = re.search(r"\(at line ([0-9]+), column [0-9]+\)", str(error))
        line = int(found[1]) if found else max(1, len(text.rstrip().splitlines()))
        what = re.sub(r" \(at [^)]*\)$", "", str(error))
        expected = 'lines such as state = "SC"'
        raise SettingsUnreadable(
            [f"{shown(file)}:{line}: not readable as TOML ({what}); expected {expected}"]
        ) from None


def _line_of(key: str, text: str) -> int:
    """Return the first line where a top-level key is set or opens a table; 1 if there is none."""
    import re

    name = rf"[\"']?{re.escape(key)}[\"']?"
    begins = re.compile(rf"\s*(?:\[\[?\s*{name}\s*[].]|{name}\s*[=.])")
    return next((number for number, line in enumerate(text.split("\n"), 1) if begins.match(line)), 1)


# ----------------------------------------------------------------------------------------------------------- writing


def change(file: Path, key: str, value: str | None) -> bool:
    """Set a key of the file, or remove it if the value is None; return whether that changed anything.

    Comments and the order of lines stay. The file is written whole or not at all. Raises SettingsUnreadable for a file
    with problems, which is never overwritten, except to remove a key from valid TOML. Raises CptError if the file
    cannot be written.
    """
    raw = read(file) or b""
    if value is not None:
        parse(raw, file)
    text = _decoded(raw, file)
    _table(text, file)
    document = _document(text, file)
    if value is None:
        if key not in document:
            return False
        document.remove(key)
    elif document.get(key) == value:
        return False
    else:
        document[key] = value
    _write(file, document.as_string().encode())
    return True


def _document(text: str, file: Path) -> "TOMLDocument":
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:  # tomllib reads it, tomlkit does not
        raise SettingsUnreadable([f"{shown(file)}: cannot be changed here ({error}); edit it by hand"]) from None


def _write(file: Path, content: bytes) -> None:
    """Write the whole file or nothing; a link stays a link, and its target is replaced."""
    from .whole_file import write_whole

    try:
        target = Path(os.path.realpath(file))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(target, content, new_mode=0o600)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CptError(f"{shown(file)}: cannot be written ({why}). Nothing was changed.") from None
