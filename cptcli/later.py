"""Modules that Typer and msgspec import and hardly an answer uses: loaded when something is first asked of them.

A start pays for every module that the libraries below it import. `python -X importtime -m cptcli --version` shows
what each costs; those named here came to a tenth of a start, and `tests/bench/start.py` shows what is left. A module
that is used after all is loaded then, and works as ever.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader  # at a start it costs more than is saved here

UNUSED = {
    "subprocess": "Typer, to open a browser and to install completion",
    "tokenize": "inspect and linecache, to read source code",
    "textwrap": "Typer, to wrap help without Rich",
    "ipaddress": "urllib.parse, to check addresses",
    "bz2": "shutil, to unpack archives",
    "lzma": "shutil, the same",
    "msgspec.inspect": "msgspec, to describe types",
}


class _Later(ModuleType):
    """A module that is loaded when an attribute is first asked for; the import system may look at its spec before."""

    def __getattribute__(self, name: str) -> object:
        if name in ("__spec__", "__class__"):
            return super().__getattribute__(name)
        spec = super().__getattribute__("__spec__")
        # Assigning a class is what importlib.util.LazyLoader does too; mypy takes it for another type.
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.load(self)
        return getattr(self, name)


class _LaterLoader:
    def __init__(self, loader: "Loader") -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Later

    def load(self, module: ModuleType) -> None:
        """Load it after all."""
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)


class _Finder:
    """Finds what is in UNUSED where Python would, and puts off its loading."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in UNUSED else None
        if spec and spec.loader:
            # It has the two methods that the import system asks for, without the cost of importlib.abc.
            spec.loader = _LaterLoader(spec.loader)  # type: ignore[assignment]
        return spec


def put_off() -> None:
    """From here on, load what is in UNUSED only when it is used."""
    sys.meta_path.insert(0, _Finder)
