"""The progress of an import or of whole files, on stderr, and only at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WORTH_SHOWING = 4_000_000  # bytes; a smaller file is read too fast to show

Tick = Callable[[int], None]


@contextmanager
def watched() -> Iterator[Callable[[str, int], Tick]]:
    """Return a function that takes a file's name and size in bytes, and returns one that takes the bytes read."""
    if not sys.stderr.isatty():
        yield lambda what, size: _unseen
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr, highlight=False, emoji=False, markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:

        def begun(what: str, size: int) -> Tick:
            if size < _WORTH_SHOWING:
                return _unseen
            task = bar.add_task(what.rpartition("/")[2], total=size)
            return lambda read: bar.advance(task, read)

        yield begun


@contextmanager
def watched_lines() -> Iterator[Callable[[int, float], None]]:
    """Return a function that takes the lines done and the share of the files read, 0 to 1, and shows rate and time."""
    if not sys.stderr.isatty():
        yield lambda lines, share: None
        return
    from time import monotonic

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr, highlight=False, emoji=False, markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        start, task = monotonic(), bar.add_task("0 lines", total=1.0)

        def see(lines: int, share: float) -> None:
            rate = lines / max(0.001, monotonic() - start)
            bar.update(task, completed=share, description=f"{lines:,} lines, {rate:,.0f} a second")

        yield see


def _unseen(read: int) -> None:
    """Show nothing: stderr is no terminal, or the file is small."""
