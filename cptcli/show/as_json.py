"""Answers as JSON: the contract for scripts. Keys may be added, never renamed; null is 'not known'."""

import msgspec
from msgspec import Struct

from .controls import escaped

SCHEMA = 1


def to_json(shown: Struct | dict[str, object]) -> bytes:
    """Return one JSON document with its schema number and a final newline."""
    plain = _all_keys(shown)
    assert isinstance(plain, dict)
    return pretty({"schema": SCHEMA, **plain})


def pretty(value: object) -> bytes:
    """Return indented JSON with a final newline."""
    document = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return escaped(document).encode() + b"\n"


def _all_keys(value: object) -> object:
    """Return the value with every key present, so that no key is ever missing for a script."""
    if isinstance(value, Struct):
        return {name: _all_keys(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: _all_keys(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_all_keys(each) for each in value]
    return value
