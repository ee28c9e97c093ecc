"""What every test uses: the rule base; `cpt` within this process, as a process, and at a terminal.

Every command runs on the same day, in a folder of its own, without a network, and with the same environment; every one
must keep two promises: no traceback, and no exit code 3.
"""

import contextlib
import copy
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple
from unittest.mock import patch

import pytest
import yaml

import cptcli
from cptcli.commands import options
from cptcli.commands.main import main
from cptcli.rulebook.book import RuleBook
from cptcli.rulebook.compiled import open_rules, shipped_folder
from cptcli.rulebook.files import Files

TESTS = Path(__file__).parent
TODAY = date(2026, 11, 23)  # how old a fact is depends on the day, so all tests share one

_CPT = [
    sys.executable,
    "-c",
    "from datetime import date; from cptcli.commands import options;"
    f" options.today = lambda: date({TODAY.year}, {TODAY.month}, {TODAY.day});"
    " from cptcli.__main__ import main; main()",
]
_NO_NETWORK = '''\
"""Found by every Python process of the tests: whatever opens a socket fails."""

import sys


def _refuse(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"a network connection: {event}")


sys.addaudithook(_refuse)
'''
options.today = lambda: TODAY  # before a command imports it
_no_sockets = False  # while a command runs within this process


def _refuse_sockets(event: str, _: object) -> None:
    if _no_sockets and event.startswith("socket."):
        raise RuntimeError(f"a network connection: {event}")


sys.addaudithook(_refuse_sockets)
_SECONDS = 60  # far more than any command takes; a process that hangs is stopped, and the test fails


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write what the commands say now into tests/golden")


def settled(text: str) -> str:
    """Output without what changes with every edit of the rules: the hash of the rule base."""
    text = re.sub(r"\brules [0-9a-f]{7}\b", "rules HASHED!", text)  # as long as a hash: it is at a line's right end
    return re.sub(r'(sha256"?:? "?)[0-9a-f]{16,}(\+[0-9a-f]{64})?', r"\1HASH", text)


@pytest.fixture(scope="session", autouse=True)
def _shipped_files_read_once() -> Iterator[None]:
    """Have the shipped rule files read and hashed once: 4 MB, a third of most commands, and no test changes them."""
    read, known = Files.__init__, {}

    def once(self: Files, folder: Path) -> None:
        if folder not in (shipped_folder(), shipped_folder() / "tables"):
            return read(self, folder)
        if folder not in known:
            read(self, folder)
            known[folder] = vars(self).copy()
        vars(self).update({name: copy.copy(value) for name, value in known[folder].items()})
        return None

    with patch.object(Files, "__init__", once):
        yield


@cache
def read_yaml(file: Path) -> object:
    """What a file of cases holds; read once, and by the fast loader where PyYAML has it."""
    return yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.fixture(scope="session")
def book() -> RuleBook:
    """The shipped rule base."""
    return open_rules()


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of every process: nothing of this machine's but where its programs are."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(_NO_NETWORK)
    package = Path(cptcli.__file__).parent.parent
    return {
        "PATH": os.environ["PATH"],
        "COLUMNS": "80",
        "CPT_DATA": str(tmp_path_factory.mktemp("data") / "none"),
        "HOME": str(tmp_path_factory.mktemp("home")),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join([str(site), str(package)]),
        "TERM": "xterm-256color",
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config")),  # no settings but those that a test makes
    }


class Ran(NamedTuple):
    """How a command ended."""

    stdout: str
    stderr: str
    code: int


Environment = dict[str, str | None]  # what differs from the environment of every process; None takes a variable away


def _with(environment: dict[str, str], changes: Environment | None) -> dict[str, str]:
    return {name: value for name, value in {**environment, **(changes or {})}.items() if value is not None}


@pytest.fixture
def cpt(environment: dict[str, str], tmp_path: Path) -> Callable[..., Ran]:
    """Runs `cpt` within this process, not at a terminal, and spares the fifth of a second that a start takes.

    The command has an environment, a folder and streams of its own, as a process has, and may open no socket either.
    """

    def run(*arguments: str | bytes, env: Environment | None = None, cwd: Path = tmp_path, stdin: bytes = b"") -> Ran:
        with (
            patch.dict(os.environ, _with(environment, env), clear=True),
            contextlib.chdir(cwd),
            patch.object(sys, "argv", ["cpt", *map(os.fsdecode, arguments)]),
            _streams(stdin) as written,
            without_sockets(),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        stdout, stderr = written
        return _kept_promises(Ran(stdout, stderr, int(ended.value.code or 0)))

    return run


@contextlib.contextmanager
def _streams(stdin: bytes) -> Iterator[list[str]]:
    """Standard streams for a command within this process: files, which it may close or point elsewhere.

    The list has what was written to stdout and to stderr, once it ended.
    """
    written: list[str] = []
    own = sys.stdin, sys.stdout, sys.stderr
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        modes = ((given, "r"), (out, "w"), (err, "w"))
        opened = [os.fdopen(os.dup(file.fileno()), mode, encoding="utf-8") for file, mode in modes]
        sys.stdin, sys.stdout, sys.stderr = opened
        try:
            yield written
        finally:
            sys.stdin, sys.stdout, sys.stderr = own
            for each in opened:
                each.close()
        for file in (out, err):
            file.seek(0)
            written.append(_text(file.read()))


@contextlib.contextmanager
def without_sockets() -> Iterator[None]:
    """Refuses what opens a socket, as _NO_NETWORK does in a process."""
    global _no_sockets
    _no_sockets = True
    try:
        yield
    finally:
        _no_sockets = False


def _kept_promises(ran: Ran) -> Ran:
    assert "Traceback" not in ran.stderr, ran.stderr
    assert ran.code != 3, ran.stderr
    return ran


@pytest.fixture
def cpt_process(environment: dict[str, str], tmp_path: Path) -> Callable[..., Ran]:
    """Runs `cpt` as a process, for tests of a start, of its limits, encodings and streams.

    Not at a terminal; keyword arguments are those of subprocess.run. A process with a limit writes no bytecode: Python
    would cut it short, and the next process would read it.
    """

    def run(*arguments: str | bytes, env: Environment | None = None, **options: object) -> Ran:
        if "preexec_fn" in options:
            env = {"PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        options = {"cwd": tmp_path, "stdin": subprocess.DEVNULL, "capture_output": True, "timeout": _SECONDS, **options}
        done = subprocess.run([*_CPT, *arguments], env=_with(environment, env), **options)
        return _kept_promises(Ran(_text(done.stdout), _text(done.stderr), done.returncode))

    return run


def _text(output: bytes | None) -> str:
    return (output or b"").decode("utf-8", errors="surrogateescape")


_MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.buffer.write(done.stdout)
sys.stderr.buffer.write(b"%d %f %d\\n" % (done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024))
sys.stderr.buffer.write(done.stderr)
"""


@pytest.fixture
def cost(environment: dict[str, str], tmp_path: Path) -> Callable[..., tuple[Ran, float, int]]:
    """Runs `cpt`: how it ended, the seconds of the processor and the megabytes that it took.

    Started by a small process: what counts as the memory of a child begins with that of its parent.
    """

    def run(*arguments: str, env: Environment | None = None) -> tuple[Ran, float, int]:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, *_CPT, *arguments], env=_with(environment, env), cwd=tmp_path,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True,
        )  # fmt: skip
        measured, _, errors = _text(done.stderr).partition("\n")
        code, seconds, megabytes = measured.split()
        assert "Traceback" not in errors, errors
        return Ran(_text(done.stdout), errors, int(code)), float(seconds), int(megabytes)

    return run


@pytest.fixture
def start_cpt(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.Popen]:
    """Starts `cpt` without waiting for it, for tests of several processes at once or of one that is cut off."""

    def start(*arguments: str, env: Environment | None = None) -> subprocess.Popen:
        return subprocess.Popen(
            [*_CPT, *arguments], env=_with(environment, env), cwd=tmp_path, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    return start


class Terminal:
    """One command at a pseudo-terminal: what it shows, what is typed, how it ends."""

    def __init__(self, arguments: list[str], env: dict[str, str], cwd: Path, columns: int) -> None:
        pexpect = pytest.importorskip("pexpect")
        self._end = pexpect.EOF
        self._shown = io.StringIO()
        self._child = pexpect.spawn(
            _CPT[0], [*_CPT[1:], *arguments], env=env, cwd=str(cwd), dimensions=(50, columns), timeout=_SECONDS,
            encoding="utf-8", codec_errors="replace",
        )  # fmt: skip
        self._child.delaybeforesend = None
        self._child.logfile_read = self._shown

    @property
    def screen(self) -> str:
        """Everything shown so far, typed text included, without the blanks at the ends of lines that nobody sees."""
        return re.sub(r" *\r\n", "\n", self._shown.getvalue())

    def sees(self, words: str) -> "Terminal":
        """Wait until the words are shown."""
        self._child.expect_exact(words)
        return self

    def types(self, line: str) -> "Terminal":
        """Type a line and Enter."""
        self._child.sendline(line)
        return self

    def types_bytes(self, line: bytes) -> "Terminal":
        """Type what no keyboard sends."""
        os.write(self._child.child_fd, line)
        return self

    def presses(self, key: str) -> "Terminal":
        """Press Ctrl and a key: c interrupts, d ends the input."""
        self._child.sendcontrol(key)
        return self

    def ends(self) -> int:
        """Wait for the end; the exit code."""
        self._child.expect(self._end)
        self._child.close()
        assert "Traceback" not in self.screen, self.screen
        assert self._child.signalstatus is None
        return int(self._child.exitstatus)

    def stop(self) -> None:
        """End the command, whatever it is doing."""
        self._child.close(force=True)


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts `cpt` at a terminal of so many columns."""
    started: list[Terminal] = []

    def start(*arguments: str, env: Environment | None = None, cwd: Path | None = None, columns: int = 80) -> Terminal:
        changes = {"COLUMNS": None, **(env or {})}  # the width is the terminal's own
        started.append(Terminal([*arguments], _with(environment, changes), cwd or tmp_path, columns))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def words_of(line: str) -> list[str]:
    """The arguments in a `$ cpt ...` line of a golden file or of the README."""
    dollar, command, *arguments = shlex.split(line)
    assert (dollar, command) == ("$", "cpt"), line
    return arguments
