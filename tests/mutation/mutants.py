"""The mutants of the deciding modules: cosmic-ray's operators, one change at a time, never written to a file.

Left out: what only words an answer (below a file's "in words" line, functions that return Words or Point, text with
values in it, texts of a warning or a next step), annotations, and decorators. A place and a kind of change give one
mutant. Which of its variants (`<` for `<=`, or `!=`) and which mutants are in the sample depends on the seed and the
mutant itself, so that other code that changes leaves the sample as it is.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

PACKAGE = Path(__file__).resolve().parent.parent.parent / "cptcli"
MODULES = {
    "counting": ("checks/units.py", "checks/minutes.py"),
    "modifiers": ("checks/required_modifiers.py", "checks/typed_modifiers.py", "plan/needs.py"),
    "edits": ("checks/ptp.py", "checks/policies.py", "checks/edits.py", "plan/edits.py"),
    "limits": ("checks/mue.py", "checks/payer_limits.py"),
    "assistants": ("checks/assistant.py", "checks/assistant_minutes.py"),
    "thresholds": ("checks/thresholds.py",),
    "amounts": ("checks/amounts.py", "plan/unit_fee.py", "plan/unit_price.py"),
    "coverage": ("advice/coverage.py",),
    "layers": ("advice/layers.py",),
    "matching": ("advice/matching.py",),
    "precedence": ("rulebook/precedence.py", "advice/ranking.py"),
}
_LEFT_OUT = ("RemoveDecorator", "Variable")  # a decorator is no decision; the others need a name to put in
_WORDS = {"Words", "Point", "_Text", "PriceNotes"}  # what a function returns that only words an answer
_SAYS = {"warn", "prepare", "next_step"}  # what is called with texts alone
_IN_WORDS = "-- in words"
_DECIDES_BELOW = ("checks/amounts.py",)  # shares and totals are worked out beside their words

Place = tuple[int, int]  # line and column, as parso counts them


class Mutant(NamedTuple):
    """One change of one module."""

    module: str
    function: str
    operator: str
    occurrence: int
    line: int
    was: str
    becomes: str
    digest: str  # of the changed text

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names it in survivors.yaml."""
        return self.module, self.function, self.was, self.becomes

    def source(self) -> str:
        """The text of its module with the change."""
        return _mutated(self.module, self.operator, self.occurrence)


def sample(number: int, seed: int, modules: list[str] | None = None) -> list[Mutant]:
    """So many mutants of the modules, or all where there are fewer; the same ones for the same seed."""
    wanted = modules or [module for several in MODULES.values() for module in several]
    sites = [(module, *site) for module in wanted for site in _sites(module)]
    drawn = sorted(sites, key=lambda site: _draw(seed, *site[:1], *site[3:]))[:number]
    return [_mutant(seed, module, place, variants) for module, place, variants, *_ in drawn]


def number_of_mutants() -> int:
    """How many there are to draw from."""
    return sum(1 for several in MODULES.values() for module in several for _ in _sites(module))


def _draw(*what: object) -> str:
    return hashlib.blake2b(repr(what).encode(), digest_size=8).hexdigest()


@cache
def _source(module: str) -> str:
    return (PACKAGE / module).read_text(encoding="utf-8")


def _mutated(module: str, operator: str, occurrence: int) -> str:
    mutated = mutate_code(_source(module), plugins.get_operator(operator)(), occurrence)
    assert mutated is not None
    return mutated


def _mutant(seed: int, module: str, place: Place, variants: tuple[tuple[str, int], ...]) -> Mutant:
    operator, occurrence = min(variants, key=lambda each: _draw(seed, module, each[0], each[1] - variants[0][1]))
    mutated = _mutated(module, operator, occurrence)
    before, after = _source(module).splitlines(), mutated.splitlines()
    line = next((number for number, both in enumerate(zip(before, after, strict=False)) if both[0] != both[1]), None)
    at = place[0] - 1 if line is None else line
    function = _function_at(module, at + 1)
    was, becomes = before[at].strip(), after[at].strip()
    return Mutant(module, function, operator, occurrence, at + 1, was, becomes, _draw(mutated))


# ------------------------------------------------------------------------------------------------------- places

Site = tuple[Place, tuple[tuple[str, int], ...], str, str, int]  # place, variants, then what the draw hangs on


@cache
def _sites(module: str) -> tuple[Site, ...]:
    """Every place of a module at which a kind of change is possible, with its variants."""
    nodes = [*ast_nodes(get_ast(_source(module)))]
    lines, outside = _source(module).splitlines(), [*_outside(module)]
    variants: dict[tuple[Place, Place, str], list[tuple[str, int]]] = {}
    for name in plugins.operator_names():
        kind = name.split("/")[1].split("_")[0]
        if kind.startswith(_LEFT_OUT):
            continue
        operator = plugins.get_operator(name)()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(places):
            if not any(first <= start < last for first, last in outside):
                variants.setdefault((start, end, kind), []).append((name, occurrence))
    met: dict[tuple[str, str], int] = {}
    sites = []
    for (start, _, kind), several in sorted(variants.items()):
        text = lines[start[0] - 1].strip()
        again = met[kind, text] = met.get((kind, text), 0) + 1
        sites.append((start, tuple(several), kind, text, again))
    return tuple(sites)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module))


def _outside(module: str) -> Iterator[tuple[Place, Place]]:
    """The stretches of a module that are not mutated."""
    for number, line in enumerate(_source(module).splitlines(), 1):
        if line.endswith(_IN_WORDS) and module not in _DECIDES_BELOW:
            yield (number, 0), (10**6, 0)
            break
    checks = module.startswith("checks/")  # above that line, their functions that return text decide: yes, no, a code
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield from (_stretch(each.annotation) for each in arguments if each.annotation)
        if isinstance(node, ast.FunctionDef) and node.returns:
            yield _stretch(node.returns)
            returned = {name.id for name in ast.walk(node.returns) if isinstance(name, ast.Name)}
            if returned & _WORDS or (returned == {"str"} and (not checks or module in _DECIDES_BELOW)):
                yield _stretch(node)
        if isinstance(node, ast.AnnAssign):
            yield _stretch(node.annotation)
        if isinstance(node, ast.JoinedStr):
            yield _stretch(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SAYS:
            yield from map(_stretch, node.args)
        if isinstance(node, ast.Assign) and all(isinstance(each, ast.Name) for each in node.targets):
            named = node.targets[0].id  # type: ignore[attr-defined]
            if node in _tree(module).body and named[:1].isupper() and not named.isupper():
                yield _stretch(node)  # a type: Reach = tuple[int, int] | None


def _stretch(node: ast.expr | ast.stmt) -> tuple[Place, Place]:
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def _function_at(module: str, line: int) -> str:
    """The function or class around a line."""
    around = [
        node
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return ".".join(each.name for each in sorted(around, key=lambda each: each.lineno))
