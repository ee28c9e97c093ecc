"""Where the bytes of `cpt scrub` go: standard output, one file, or a folder; each file appears whole or not at all."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import BadValue, CptError
from ..scrub.run import Write, kinds_of
from ..whole_file import GrowingFile
from .output import tell
from .page_file import page_path

_NO_TEXT = re.compile(r"\.(xlsx?|parquet|gz|zip|837|edi|x12)$", re.IGNORECASE)
_SPARED = (".yaml", ".yml")  # column maps and rules


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that no unfinished file with patients in it is left."""
    try:
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Outputs:
    """The outputs of one run, in a `with`. Without `finish` no file is there and no old one is changed.

    Raises BadValue for a file that --out may not replace, CptError for one that cannot be written.
    """

    def __init__(self, out: str | None, files: list[str], read_only: bool, to_stdout: Callable[[bytes], None]) -> None:
        self._to_stdout = to_stdout
        self._out = out
        self._files = files
        self._until = ExitStack()
        self._begun = False
        self._open: list[GrowingFile] = []
        self._folder = Path(out) if out is not None and Path(out).is_dir() else None
        self._path = self._usable(out) if out is not None and self._folder is None else None
        tables = {"table", "xlsx", "parquet"}
        if len(files) > 1 and self._folder is None and not read_only and tables & {*kinds_of(files)}:
            raise BadValue("--out", out or "", "a folder that exists: each table comes back with its own columns")

    def of(self, name: str) -> tuple[Write, bool]:
        """Return where the bytes of a file go, and whether nothing went there yet."""
        is_new = self._folder is not None or not self._begun
        self._begun = True
        if self._folder:
            path = self._usable(str(self._folder / f"{Path(name).name.split('.')[0]}-scrubbed.csv"))
            if any(path == each.path for each in self._open):
                raise BadValue("--out", self._out or "", f"another folder: two files would be {path.name}")
            return self._opened(path), True
        if self._path is None:
            return self._to_stdout, is_new
        return self._opened(self._path) if is_new else self._writer(self._open[0]), is_new

    def finish(self) -> None:
        """Give every file its name."""
        try:
            for file in self._open:
                file.finish()
        except OSError as error:
            raise self._unwritten(error) from None
        for file in self._open:
            tell(f"Written: {file.path}")

    def _usable(self, name: str) -> Path:
        if _NO_TEXT.search(name):
            raise BadValue("--out", name, "a .csv or .jsonl file; cpt writes text")
        return page_path(name, self._files, "--out", _SPARED)

    def _opened(self, path: Path) -> Write:
        try:
            file = self._until.enter_context(GrowingFile(path))
        except OSError as error:
            raise self._unwritten(error) from None
        self._open.append(file)
        return self._writer(file)

    def _writer(self, file: GrowingFile) -> Write:
        def write(content: bytes) -> None:
            try:
                file.write(content)
            except OSError as error:
                raise self._unwritten(error) from None

        return write

    def _unwritten(self, error: OSError) -> CptError:
        why = error.strerror or error
        return CptError(f"--out {self._out!r}: cannot be written ({why}). Nothing was changed.", option="--out")

    def __enter__(self) -> "Outputs":
        return self

    def __exit__(self, *raised: object) -> None:
        self._until.close()
