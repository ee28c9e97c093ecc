"""What a terminal would obey rather than show, made visible: in what was typed, in files, in CMS's tables."""

_OBEYED = (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x200E, 0x2010), *range(0x202A, 0x202F),
           *range(0x2066, 0x206A))  # fmt: skip
_MARK = "\N{REPLACEMENT CHARACTER}"
_SHOWN = dict.fromkeys(_OBEYED, _MARK)


def without_controls(text: str) -> str:
    """Text whose control characters, but tab and line feed, and turns of direction are replaced by a mark."""
    return text.translate(_SHOWN)


def without_foreign_controls(page: str) -> str:
    """A rendered page, of whose control characters only those that set a colour or weight are left."""
    import re

    return "".join(
        part if part.startswith("\x1b[") and part.endswith("m") else without_controls(part)
        for part in re.split(r"(\x1b\[[0-9;]*m)", page)
    )
