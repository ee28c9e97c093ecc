"""Bad input and bad surroundings: a clear error or a clean answer, the right exit code, never a traceback.

That there is no traceback and no exit code 3 is held by the fixtures, for every process of every test.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from hashlib import sha256
from inspect import signature
from pathlib import Path

import msgspec
import pytest
from conftest import without_sockets

from cptcli.advice.search import search
from cptcli.commands.main import command_line
from cptcli.rulebook.book import NAMED, SHELVES, RuleBook
from cptcli.rulebook.compiled import RELATIONS, compile_files, shipped_folder
from cptcli.rulebook.files import Files
from cptcli.show.controls import without_controls

resource = pytest.importorskip("resource")  # limits of a process: not on Windows

ANODYNE = ["suggest", "--device", "anodyne", "--payer", "palmetto"]
_SOURCE = "sources:\n  - id: letter-{number}\n    title: A letter\n"

# Every command, with what it needs to answer.
COMMANDS = [
    [],
    ["--version"],
    ["-h"],
    ["lookup", "97026"],
    ["lookup", "cold", "laser"],
    ["lookup", "97026", "--json"],
    ANODYNE,
    [*ANODYNE, "--json"],
    ["check", "97110:25", "97161", "--payer", "medicare", "--discipline", "PT"],
    ["fee", "97110", "--state", "SC", "--on", "2025-10-15"],
    ["devices", "anodyne"],
    ["payers", "--state", "SC"],
    ["modalities", "laser"],
    ["explain", "palmetto-anodyne-97799"],
    ["help"],
    ["help", "units"],
    ["settings"],
    ["settings", "show"],
    ["settings", "set", "-h"],  # as `unset` they change a file: test_settings.py runs them
    ["settings", "unset", "-h"],
    ["rules", "list"],
    ["compare", "--device", "anodyne"],
    ["rules", "add", "-h"],  # as `remove` it changes a folder: test_own_rules.py runs them
    ["rules", "remove", "-h"],
    ["rules", "check"],
    ["rules", "test"],
    ["rules", "path"],
    ["rules", "schema"],
    ["rules", "coverage"],
    ["rules", "new", "payer", "ACME Health", "--rules", "ours"],
    ["scrub", "-h"],  # test_scrub.py runs it on files, as much without a network
    ["data", "list"],
    ["data", "verify"],
    ["data", "import", "-h"],  # as `remove` it changes a store: test_cms_import.py runs them, as much without a network
    ["data", "remove", "-h"],
    ["rules", "diff", "-h"],  # takes seconds; test_workbench.py runs it in full, as much without a network
]


def test_no_command_is_left_out_of_these_tests():
    """A new command is added to COMMANDS above."""
    tested = [" ".join(each) for each in COMMANDS]
    assert [name for name, _ in _commands(command_line()) if not any(each.startswith(name) for each in tested)] == []


def test_the_same_options_mean_the_same_on_every_command():
    """--rules too, but where it would name nothing: a schema is of the format, a comparison names its two folders, and
    CMS's files are no rules. Taking something out of the store answers nothing. A scrub writes a file, and its summary
    has no color."""
    options = {"as_json", "plain", "no_color", "rules"}
    no_rules = ("rules schema", "rules diff", "data import", "data list", "data verify")
    without = {name: {"rules"} for name in no_rules}
    without["data remove"] = options
    without["scrub"] = {"plain", "no_color"}
    without |= {"settings show": options - {"as_json"}, "settings set": options, "settings unset": options}
    lacking = {
        name: options - {*signature(command.callback).parameters} - without.get(name, set())
        for name, command in _commands(command_line())
    }
    assert {name: lacks for name, lacks in lacking.items() if lacks} == {}


def _commands(group, before=""):
    for command in group.registered_commands:
        yield before + (command.name or command.callback.__name__), command
    for below in group.registered_groups:
        yield from _commands(below.typer_instance, f"{below.name} ")


@pytest.mark.parametrize("command", [each for each in COMMANDS if len(each) > 1 and "-h" not in each], ids=" ".join)
def test_every_command_answers_in_json_with_its_schema_first(cpt, command):
    document = json.loads(cpt(*command, *([] if "--json" in command else ["--json"])).stdout)
    assert next(iter(document)) in ("schema", "sources", "$schema")  # `cpt rules schema` prints a schema itself


# ------------------------------------------------------------------------------------------------------- no network


def test_a_socket_would_be_noticed_by_these_tests(environment):
    """The other side of the next test: what opens a socket fails, in every process and in every command run here.

    Each command is also started as a process: the examples of its help are, in test_help_examples.py.
    """
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket()"], env=environment, capture_output=True, check=False
    )
    assert b"a network connection: socket.__new__" in done.stderr
    with without_sockets(), pytest.raises(RuntimeError, match=r"a network connection: socket\.__new__"):
        socket.socket()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_opens_a_network_connection(cpt, command):
    ran = cpt(*command)
    assert ran.code in (0, 1)  # 1: a day of which not every edit is in a table that ships
    assert "network" not in ran.stderr


def test_the_module_is_the_command(environment, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "cptcli", "--version"], env=environment, cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"cpt ")


# ------------------------------------------------------------------------------------------------ where output goes


@pytest.mark.parametrize("command", COMMANDS[1:16:2], ids=" ".join)
def test_a_reader_that_stops_early_is_no_error(start_cpt, command):
    """As with `cpt ... | head -1`: the pipe is closed before anything is written."""
    process = start_cpt(*command)
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait(60) in (0, 1)
    assert "Traceback" not in errors
    assert "Broken pipe" not in errors


@pytest.mark.parametrize("command", [["rules", "path"], ["lookup", "97026"], ["--help"]], ids=" ".join)
def test_a_reader_that_stops_early_is_nothing_to_worry_about(start_cpt, command):
    process = start_cpt(*command)
    process.stdout.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize("descriptor", [0, 1, 2])
@pytest.mark.parametrize("command", [["lookup", "97026"], ANODYNE, [*ANODYNE, "--json"], ["lookup", "977999"], ["-h"]])
def test_a_stream_that_was_closed_before_the_start_is_no_bug(cpt_process, command, descriptor):
    """As from a scheduler that gives no stdin, or `cpt ... >&-`."""
    ran = cpt_process(*command, preexec_fn=lambda: os.close(descriptor))
    assert ran.code in ((2,) if "977999" in command else (0, 2))  # 2: the answer could not be handed over


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110 - a device
@pytest.mark.parametrize("command", [["lookup", "97026"], ANODYNE, [*ANODYNE, "--json"], ["--version"]])
def test_a_full_disk_is_told_and_not_a_bug(cpt_process, command):
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        ran = cpt_process(*command, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert ran.code == 2
    assert "No space left" in ran.stderr


# ------------------------------------------------------------------------------------------------------------ Ctrl-C


@pytest.mark.parametrize(
    "module",
    ["gc", "cptcli.commands.main", "typer", "typer.core", "cptcli.commands.lookup", "msgspec", "cptcli.rulebook.book"],
)
def test_ctrl_c_while_a_module_is_loaded_ends_without_a_traceback(environment, module):
    script = (
        "import sys, typing\n"
        "from cptcli.__main__ import main\n"
        "class Finder:\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        f"sys.modules.pop({module!r}, None)\n"
        "sys.meta_path.insert(0, Finder)\n"
        "main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "lookup", "97026"], env=environment, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"\nInterrupted.\n")


def test_ctrl_c_while_a_class_is_made_is_an_interrupt_and_any_other_error_stays(environment):
    """Fault: about one interrupt of a start in a thousand came as RuntimeError, and ended in a traceback."""
    code = """
import cptcli.commands.main
from cptcli.__main__ import main
class Named:
    def __set_name__(self, owner, name):
        raise {error}
def run():
    type("Made", (), {{"named": Named()}})
cptcli.commands.main.main = run
main()
"""
    for error, ends in (("KeyboardInterrupt", 130), ("ValueError", 1)):
        done = subprocess.run(
            [sys.executable, "-c", code.format(error=error)], env=environment, capture_output=True, check=False
        )
        assert done.returncode == ends
        assert (b"Traceback" in done.stderr) == (error == "ValueError")


def test_ctrl_c_at_any_moment_of_a_start_leaves_no_traceback_of_ours(environment):
    for moment in range(30):
        process = subprocess.Popen(
            [sys.executable, "-c", "from cptcli.__main__ import main; main()", "lookup", "97026"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        time.sleep(moment / 100)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1].decode()
        assert "Traceback" not in errors or "/cptcli/" not in errors, errors
        if "Traceback" not in errors:  # one of Python's own, before it has read a line of ours, is not ours to change
            assert process.returncode in (0, 130, -signal.SIGINT)


# ------------------------------------------------------------------------------------------- terminals and locales


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        (ANODYNE, 20),
        (ANODYNE, 1),
        (["lookup", "97026"], 20),
        (["lookup", "infrared"], 20),
        (["lookup", "977999"], 20),
        (["payers"], 20),
    ],
)
def test_a_narrow_terminal_loses_no_word(terminal, command, columns):
    narrow, wide = terminal(*command, columns=columns), terminal(*command, columns=100)
    assert narrow.ends() == wide.ends()
    assert _letters(narrow.screen) == _letters(wide.screen)
    too_wide = [line for line in narrow.screen.splitlines() if len(line) > max(columns, 20)]
    assert [line for line in too_wide if not line.startswith("cpt: ")] == []


def _letters(screen):
    """The letters and digits of a screen, however they are broken into lines and columns."""
    return sorted(filter(str.isalnum, screen))


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
    ids=["LC_ALL=C", "ascii", "utf-16"],
)
@pytest.mark.parametrize(
    ("command", "code"), [(ANODYNE, 0), (["lookup", "→ ünbekannt"], 2), (["lookup", "９７０２６", "--json"], 0)]
)
def test_a_locale_that_cannot_print_a_sign_gets_the_answer_without_it(cpt_process, terminal, command, code, env):
    assert cpt_process(*command, env=env).code == code
    assert terminal(*command, env=env).ends() == code


@pytest.mark.parametrize("env", [{"TERM": "dumb", "NO_COLOR": None}, {"NO_COLOR": "1"}], ids=str)
def test_a_terminal_without_colour_gets_no_escape_sequences(terminal, env):
    page = terminal(*ANODYNE, env=env)
    assert page.ends() == 0
    assert "\x1b" not in page.screen
    assert "97799" in page.screen


@pytest.mark.parametrize("env", [{"TERM": None}, {"TERM": ""}, {"TERM": "no-such-terminal"}], ids=str)
def test_a_terminal_that_nobody_knows_gets_the_answer(terminal, env):
    assert terminal(*ANODYNE, env=env).ends() == 0


# -------------------------------------------------------------------------------------------------------- the cache


def _cached(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.rules"))


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(cpt, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder would be")
    assert cpt("lookup", "97026", env={"XDG_CACHE_HOME": str(blocked)}).code == 0
    assert blocked.read_text() == "a file where the folder would be"


def test_without_a_home_there_is_an_answer(cpt_process):
    assert cpt_process("lookup", "97026", env={"XDG_CACHE_HOME": None, "HOME": "/nonexistent"}).code == 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[: len(whole) // 2], id="cut in half"),
        pytest.param(lambda whole: os.urandom(5000), id="noise"),
        pytest.param(lambda whole: whole.replace(b"Infrared therapy", b"Infrared magic!!"), id="words changed"),
        pytest.param(lambda whole: _signed(b"\xc1" * 100), id="noise with its right hash"),
        pytest.param(lambda whole: _signed(b"\x91" * 100_000), id="deep nesting with its right hash"),
        pytest.param(lambda whole: b"", id="empty"),
        pytest.param(lambda whole: _signed(b""), id="nothing with its right hash"),
        pytest.param(lambda whole: _resigned(whole, "shelves", b"\xc0"), id="every shelf nothing, with its right hash"),
        pytest.param(lambda whole: _resigned(whole, "links", b"\xc0"), id="no links, with its right hash"),
    ],
)
def test_a_damaged_cache_is_made_anew(cpt, tmp_path, damage):
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    first = cpt("lookup", "97026", env=env)
    (cached,) = _cached(tmp_path)
    whole = cached.read_bytes()
    cached.write_bytes(damage(whole))
    assert cpt("lookup", "97026", env=env) == first
    assert cached.read_bytes() == whole


def _signed(content: bytes) -> bytes:
    return sha256(content).digest() + content


def _resigned(whole: bytes, part: str, written: bytes) -> bytes:
    """A cache file with all sections of one part written over, and the hash that fits."""
    header = msgspec.msgpack.decode(whole[32:])
    header[part] = dict.fromkeys(header[part], written)
    return _signed(msgspec.msgpack.encode(header))


def test_a_folder_where_the_cache_would_be_costs_nothing_but_time(cpt, tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    first = cpt("lookup", "97026", env=env)
    (cached,) = _cached(tmp_path)
    cached.unlink()
    cached.mkdir()
    assert cpt("lookup", "97026", env=env) == first
    assert [file.name for file in cached.parent.iterdir()] == [cached.name]


def _sections(header: dict[str, object]) -> list[tuple[str, str | None]]:
    """Every section of a compiled rule base: a part of the header, and where it has many, which."""
    parts = [(part, None) for part in ("coding_verification", "places")]
    return parts + [(part, section) for part in ("shelves", "names", "links") for section in header[part]]


def _everything(book: RuleBook, every: int = 1) -> list[object]:
    """What every way into a rule base finds, for all or for every so-manieth entry; raises what a start would."""

    def keys(shelf: str) -> list[str]:
        return [*book.keys(shelf)][::every]

    pages = [book.coding_verification, book.place("payer", "palmetto"), search(book, "anodyne")]
    for shelf, get in (
        ("sources", book.source), ("codes", book.code), ("modalities", book.modality),
        ("manufacturers", book.manufacturer), ("devices", book.device),
        ("payers", book.payer), ("rules", book.rule), ("diagnoses", book.diagnosis_list),
        ("modifiers", book.modifier), ("statuses", book.status), ("shared_names", book.shared_name),
        ("tables", book.table), ("disciplines", book.discipline), ("unit_rules", book.unit_rule),
        ("claim_forms", book.claim_form),
        ("edits", book.edit_family), ("topics", book.topic),
    ):  # fmt: skip
        pages += [get(key) for key in keys(shelf)]
    pages += [book.names(shelf) for shelf in NAMED]
    pages += [(book.payer_chain(key), [*book.children(key)], book.rules_of(key)) for key in keys("payers")]
    pages += [(book.manufacturer_of(key)) for key in keys("devices")]
    pages += [(book.modality_chain(key)) for key in keys("modalities")]
    pages += [book.linked(relation, key) for relation in RELATIONS for key in (*keys("codes"), "SC")]
    return pages


@pytest.fixture(scope="module")
def compiled() -> bytes:
    """The shipped rules in their compiled form."""
    files = Files(shipped_folder())
    return compile_files(files, None, files.sha256)


@pytest.mark.parametrize(
    "written",
    [b"", b"\xc0", b"\x2a", b"\xa1x", b"\x91\x01", b"\x81\xa1x\x01", b"\x81\xa1\xff\xc0", b"\x91" * 5_000, b"\xc1"],
    ids=["empty", "nothing", "a number", "text", "a list", "keys and numbers", "no text", "deep", "no msgpack"],
)
def test_every_section_of_another_kind_is_compiled_anew(compiled, written):
    """The hash of the file says nothing of who wrote it. One entry in twenty meets each section; below, all do."""
    whole = _everything(RuleBook(compiled), every=20)
    for part, section in _sections(msgspec.msgpack.decode(compiled)):
        header = msgspec.msgpack.decode(compiled)
        if section is None:
            header[part] = written
        else:
            header[part][section] = written
        made = []
        book = RuleBook(msgspec.msgpack.encode(header), lambda made=made: made.append(1) or compiled)
        assert _everything(book, every=20) == whole, (part, section)
        assert made == [1], (part, section)


@pytest.mark.parametrize("part", ["shelves", "names", "links"])
def test_every_section_that_is_gone_is_compiled_anew(compiled, part):
    whole = _everything(RuleBook(compiled))
    for section in msgspec.msgpack.decode(compiled)[part]:
        header = msgspec.msgpack.decode(compiled)
        del header[part][section]
        assert _everything(RuleBook(msgspec.msgpack.encode(header), lambda: compiled)) == whole, section


@pytest.mark.parametrize("part", [*SHELVES])
def test_an_entry_of_another_kind_is_compiled_anew(compiled, part):
    whole = _everything(RuleBook(compiled))
    header = msgspec.msgpack.decode(compiled)
    shelf = msgspec.msgpack.decode(header["shelves"][part])
    header["shelves"][part] = msgspec.msgpack.encode(dict.fromkeys(shelf, b"\x81\xa1x\x01"))
    assert _everything(RuleBook(msgspec.msgpack.encode(header), lambda: compiled)) == whole


@pytest.mark.parametrize(
    ("relation", "links"),
    [
        ("rules_of_payer", {"medicare": ["no-such-rule"]}),
        ("manufacturer_of_device", {"anodyne": []}),
        ("parent_of_payer", {"medicare": ["palmetto"], "palmetto": ["medicare"]}),
        ("children_of_payer", {"medicare": ["palmetto"], "palmetto": ["medicare"]}),
        ("kind_of_modality", {"infrared": ["infrared"]}),
    ],
)
def test_links_that_lead_nowhere_or_in_a_circle_are_compiled_anew(compiled, relation, links):
    whole = _everything(RuleBook(compiled))
    header = msgspec.msgpack.decode(compiled)
    header["links"][relation] = msgspec.msgpack.encode(links)
    book = RuleBook(msgspec.msgpack.encode(header), lambda: compiled)
    _everything(book)  # meets it, wherever it is
    assert _everything(book) == whole


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away")
def test_a_cache_of_somebody_else_is_not_believed(cpt, tmp_path):
    """As where XDG_CACHE_HOME is a folder that all may write to."""
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    first = cpt("explain", "palmetto-anodyne-97799", env=env)
    (cached,) = _cached(tmp_path)
    whole = cached.read_bytes()
    cached.write_bytes(_signed(whole[32:].replace(b"Reported not to accept", b"Reported now to accept")))
    os.chown(cached, 65534, 65534)
    assert cpt("explain", "palmetto-anodyne-97799", env=env) == first
    assert cached.read_bytes() == whole


def test_processes_that_start_at_once_on_a_cold_cache_all_answer_the_same(start_cpt, tmp_path):
    started = [start_cpt(*ANODYNE, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}) for _ in range(4)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in started]
    assert {*ended} == {ended[0]}
    assert ended[0][2] == 0
    assert len(_cached(tmp_path)) == 1
    assert [file.name for file in (tmp_path / "cache" / "cpt").iterdir()] == [_cached(tmp_path)[0].name]


def test_rules_edited_within_the_same_second_are_read_anew(cpt, tmp_path):
    """The cache goes by content, not by time or size."""
    file = _written(tmp_path / "clinic" / "sources" / "letters.yaml", _SOURCE.format(number=1))
    hashes = []
    for number in (1, 2, 1):
        file.write_text(_SOURCE.format(number=number))
        os.utime(file, (0, 0))
        hashes.append(json.loads(cpt("lookup", "97026", "--json", "--rules", "clinic").stdout)["rulebook"]["sha256"])
    assert hashes[0] != hashes[1]
    assert hashes[0] == hashes[2]


# -------------------------------------------------------------------------------------------------- the rule folder


def _written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_rule_folder_with_10_000_files_is_read(cpt, tmp_path):
    for number in range(10_000):
        _written(tmp_path / "clinic" / "sources" / f"{number}.yaml", _SOURCE.format(number=number))
    assert cpt("lookup", "97026", "--rules", "clinic").code == 0


def test_tens_of_thousands_of_rules_are_checked_and_answer_as_fast_as_few(cpt, cpt_process, tmp_path):
    """100,000 take half a minute to check, once; a start reads none of them that it does not need."""
    _written(tmp_path / "clinic" / "sources" / "letters.yaml", _SOURCE.format(number=1))
    for plan in range(10):
        rules = "".join(_GENERATED.format(plan=plan, number=number, year=1000 + number) for number in range(1_000))
        text = f"id: plan-{plan}\nname: Plan {plan}\nkind: plan\nrules:\n{rules}"
        _written(tmp_path / "clinic" / "payers" / f"plan-{plan}.yaml", text)
    checked = cpt_process("rules", "check", "clinic", timeout=120)
    assert (checked.code, checked.stdout) == (0, "")
    ran = cpt(
        "suggest", "--device", "anodyne", "--payer", "plan-7", "--on", "1999-06-01", "--rules", "clinic", "--json"
    )
    assert json.loads(ran.stdout)["coverage"]["rules"] == ["plan-7-999"]


_GENERATED = (
    "  - {{id: plan-{plan}-{number}, says: Generated., applies: {{codes: ['97026']}}, verdict: covered,\n"
    "     effective: '{year}-01-01', ends: '{year}-12-31', checked: '2026-01-01', evidence: primary,\n"
    "     confidence: high, sources: [letter-1]}}\n"
)


def test_a_folder_with_10_000_files_that_are_no_rules_is_refused_in_few_words(cpt, tmp_path):
    for number in range(10_000):
        _written(tmp_path / "photos" / f"{number}.jpg", "\xff\xd8")
    ran = cpt("lookup", "97026", "--rules", "photos")
    assert (ran.code, ran.stdout) == (2, "")
    assert "1101 problems" in ran.stderr
    assert "8,900 further problems" in cpt("rules", "check", "photos").stdout
    assert len(ran.stderr.splitlines()) < 40


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "payers.yaml")


def _device(folder: Path) -> None:
    (folder / "aetna.yaml").symlink_to("/dev/zero")


def _dangling(folder: Path) -> None:
    (folder / "aetna.yaml").symlink_to("nowhere")


def _not_to_be_read(folder: Path) -> None:
    (folder / "aetna.yaml").symlink_to("/proc/self/mem")  # opens, and cannot be read, also by root


def _links_in_a_circle(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name).symlink_to(folder, target_is_directory=True)


def _deep(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1_200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def _huge(folder: Path) -> None:
    with (folder / "aetna.yaml").open("wb") as file:
        file.truncate(8 << 30)  # sparse: takes no room


def _odd_name(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.yaml"))).write_text("nonsense: [")


@pytest.mark.parametrize(
    "makes",
    [
        pytest.param(_fifo, id="a pipe"),
        pytest.param(_device, id="a device"),
        pytest.param(_dangling, id="a dangling link"),
        pytest.param(_not_to_be_read, id="a file that cannot be read"),
        pytest.param(_links_in_a_circle, id="links in a circle"),
        pytest.param(_deep, id="1,200 folders deep"),
        pytest.param(_huge, id="8 GB"),
        pytest.param(_odd_name, id="a name that is no text"),
    ],
)
def test_what_is_no_rule_file_is_named_and_does_not_hang_or_fill_the_memory(cpt, cpt_process, tmp_path, makes):
    folder = tmp_path / "clinic" / "payers"
    folder.mkdir(parents=True)
    makes(folder)
    try:
        ran = cpt_process("rules", "check", "clinic", timeout=5, preexec_fn=_one_gigabyte)
        assert ran.code == 1
        assert ran.stdout.startswith("payers/")
        asked = cpt("lookup", "97026", "--rules", "clinic", "--json")  # what ended soon there ends here
        assert asked.code == 2
        assert "payers/" in json.loads(asked.stdout)["error"]
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)  # shutil gives up on a tree that deep


def _links_to_each_other(folder: Path) -> None:
    """Nine folders with a link to each: 9! ways through them."""
    for one in range(9):
        (folder / f"f{one}").mkdir(parents=True)
        for other in range(9):
            (folder / f"f{one}" / f"l{other}").symlink_to(f"../f{other}", target_is_directory=True)


def _one_folder_of_many(folder: Path) -> None:
    folder.mkdir()
    for number in range(15_000):
        (folder / f"{number}.jpg").touch()


def _large_files(folder: Path) -> None:
    (folder / "sources").mkdir(parents=True)
    for number in range(40):
        (folder / "sources" / f"{number}.yaml").write_bytes(b"# " + b"x" * 1_900_000)


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        pytest.param(lambda folder: folder.symlink_to("/proc"), 2, "name the one with your rules", id="/proc"),
        pytest.param(lambda folder: folder.symlink_to("/"), 2, "name the one with your rules", id="the whole disk"),
        pytest.param(_one_folder_of_many, 2, "more than 12,000 files and folders", id="15,000 files"),
        pytest.param(_large_files, 2, "more than 50,000,000 bytes of rules", id="80 MB"),
        pytest.param(_links_to_each_other, 1, "which is read already", id="folders linked together"),
    ],
)
def test_a_folder_without_an_end_is_an_error_within_two_seconds(cost, tmp_path, make, code, words):
    make(tmp_path / "clinic")
    ran, seconds, megabytes = cost("rules", "check", "clinic")
    assert ran.code == code
    assert words in ran.stdout + ran.stderr
    assert len(ran.stdout + ran.stderr) < 20_000
    assert seconds < (2 if code == 2 else 4)  # where rules are checked, the shipped ones are as well
    assert megabytes < 300


def _one_gigabyte():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


# ------------------------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        (["lookup"], "Missing argument"),
        (["lookup", "97026", "--nonsense"], "--nonsense"),
        (["lookup", "--on"], "--on"),
        (["lookup", "97026", "--on", "tomorrow"], "--on 'tomorrow': expected a date such as 2026-11-27"),
        (["lookup", "97026", "--on", ""], "--on '': expected a date"),
        (["lookup", "97026", "--on", "2026-02-30"], "--on '2026-02-30': expected a date"),
        (["lookup", "97026", "--on", "20260131"], "--on '20260131': expected a date"),
        (["lookup", "97026", "--on", "2026-W05-6"], "--on '2026-W05-6': expected a date"),
        (["lookup", "97026", "--on", "31/01/2026"], "--on '31/01/2026': expected a date"),
        (["lookup", "97026", "--on", "２０２６-01-31"], "expected a date"),
        (["lookup", ""], "Try fewer or other words"),
        ([*ANODYNE, "--diagnosis", "moon"], "--diagnosis 'moon': expected an ICD-10-CM code such as E11.42"),
        ([*ANODYNE, "--diagnosis", ""], "--diagnosis '': expected"),
        ([*ANODYNE, "--diagnosis", "E11.42."], "--diagnosis 'E11.42.': expected"),
        ([*ANODYNE, "--setting", "moon"], "--setting 'moon': expected clinic or home"),
        ([*ANODYNE, "--setting", ""], "--setting '': expected clinic or home"),
        ([*ANODYNE, "--state", "ZZ"], "--state 'ZZ': expected two letters"),
        ([*ANODYNE, "--answer", "moon"], "--answer 'moon': expected"),
        (["suggest", "--device", "anodyne"], "--payer"),
        (["suggest", "--device", "anodyne", "--payer", ""], "--payer"),
        (["suggest", "--device", "", "--payer", "aetna"], "--modality or --device"),
        (["suggest", "--payer", "aetna"], "--modality or --device"),
        (["suggest"], "--modality or --device"),
        (["rules"], "check"),
        (["rules", "nonsense"], "nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_answered_says_why_and_leaves_with_2(cpt, arguments, words):
    ran = cpt(*arguments)
    assert ran.code == 2
    assert words in ran.stderr or words in ran.stdout
    assert ran.stdout == "" or arguments == ["rules"]


_ODD = [
    pytest.param("x" * 100_000, id="100,000 letters"),
    pytest.param("9" * 100_000, id="100,000 digits"),
    pytest.param("97026-" + "GP" * 20_000, id="20,000 modifiers"),
    pytest.param("97026" + " GP" * 20_000 + " !", id="20,000 modifiers and no end"),
    pytest.param("9" * 50 + "!", id="digits and no end"),
    pytest.param("\x1b[31m\x07\r\x08", id="control characters"),
    pytest.param("\t\n\x0b\x0c\x85\u2028", id="blanks of every kind"),
    pytest.param(b"\xff\xfe\x80", id="bytes that are not UTF-8"),
    pytest.param("\u202e97026", id="right to left"),
    pytest.param("ﷺ" * 1000, id="a letter that folds into many"),
    pytest.param("🦵 e\u0301 ẞ ı", id="letters of many scripts"),
    pytest.param("-", id="a dash"),
    pytest.param("{0} %s $(id) `id` ../../etc/passwd", id="what other programs would run"),
    pytest.param("[bold]97026[/bold] :smile:", id="markup of the page"),
]


@pytest.mark.parametrize("odd", _ODD)
def test_odd_words_are_looked_up_like_any_other(cpt, odd):
    ran = cpt("lookup", "--json", "--", os.fsdecode(odd))
    assert ran.code in (0, 2)
    assert json.loads(ran.stdout)["schema"] == 1
    assert "\x1b" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("odd", ["\x1b[31m\x07\r\x08", "[bold]97026[/bold] :smile:"])
def test_odd_words_do_not_paint_the_terminal(terminal, odd):
    page = terminal("lookup", "--", odd)
    assert page.ends() == 2
    assert "\x1b" not in page.screen


_FORMATS_WITH_A_SHAPE = [*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD]


def test_no_invisible_or_direction_changing_character_reaches_a_terminal():
    unseen = {
        chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")
    }
    shown = {"\t", "\n", "\N{SOFT HYPHEN}", *map(chr, _FORMATS_WITH_A_SHAPE)}
    assert [each for each in sorted(unseen) if (without_controls(each) == each) is not (each in shown)] == []
    assert {without_controls(chr(code)) for code in (0x034F, 0x115F, 0x3164, 0xFFA0, 0xE0100)} == {"\ufffd"}


def test_what_a_terminal_can_show_stays_as_it_is():
    text = (
        "97026 \u2013 na\xefve \u2713 \u8a3a\u7642 \u0627\u0644\u0639\u0644\u0627\u062c \u2764\ufe0f \U0001f9b5\tone\n"
    )
    assert without_controls(text) == text


def test_json_has_an_invisible_character_as_an_escape_and_the_same_value(cpt, tmp_path):
    odd = "light \u202eknee \u200b \u2066 \U000e0041 é"
    visit = {"payer": "medicare", "lines": [{"code": "97039", "units": 1, "narrative": odd}]}
    (tmp_path / "visit.json").write_text(json.dumps(visit, ensure_ascii=False), encoding="utf-8")
    printed = cpt("check", "visit.json", "--json").stdout
    assert not {"\u202e", "\u200b", "\u2066", "\U000e0041"} & {*printed}
    assert json.loads(printed)["claim_lines"][0]["narrative"] == odd
    assert "é" in printed


@pytest.mark.parametrize("odd", ["97\u200b110", "\u061c97110", "97110\u2028", "97110\U000e0041", "97\ufeff110"])
@pytest.mark.parametrize("before", [["lookup", "--"], ["lookup", "97110", "--on"], ["--"], []], ids=" ".join)
def test_an_invisible_character_that_was_typed_is_shown_as_a_mark(terminal, before, odd):
    page = terminal(*before, odd if before else f"--{odd}")
    page.ends()
    assert not {*odd} - {*"97110"} & {*page.screen}


@pytest.mark.parametrize("odd", ["x" * 100_000, b"\x1b[31m\xff\xfe"], ids=["long", "bytes"])
@pytest.mark.parametrize("option", ["--device", "--payer", "--diagnosis", "--answer", "--rules", "--on"])
def test_odd_words_in_an_option_are_an_error_that_json_can_hold(cpt, option, odd):
    ran = cpt(*ANODYNE, "--json", option, odd)
    assert ran.code == 2
    assert json.loads(ran.stdout)["error"] != ""


@pytest.mark.parametrize("odd", ["x" * 100_000, "\x1b[31m\x07", b"\xff\xfe"], ids=["long", "control", "bytes"])
def test_a_coding_verification_may_be_any_text(cpt, odd):
    asked = ["suggest", "--device", "anodyne", "--setting", "home", "--coding-verification", odd]
    assert json.loads(cpt(*asked, "--json").stdout)["code"] == "E0221"
    piped = cpt(*asked)
    assert piped.code == 1
    assert "\x1b" not in piped.stdout


def test_a_home_that_cannot_be_a_path_is_no_bug(cpt):
    assert cpt("lookup", "97026", env={"XDG_CACHE_HOME": "x" * 5000}).code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_in_the_place_of_what_is_kept_is_not_waited_for(cpt_process, tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert cpt_process("lookup", "97026", env=env).code == 0
    for kept in (tmp_path / "cache" / "cpt").iterdir():
        kept.unlink()
        os.mkfifo(kept)
    assert cpt_process("lookup", "97026", env=env, timeout=60).code == 0


def test_a_folder_whose_name_is_no_text_is_named_in_an_error(cpt, tmp_path):
    no_folder = tmp_path / os.fsdecode(b"\xff")
    no_folder.touch()
    for name in ("CPT_DATA", "CPT_RULES"):
        ran = cpt("check", "97110:15", "--payer", "medicare", "--json", env={name: str(no_folder)})
        assert ran.code == 2
        assert name in json.loads(ran.stdout)["error"]
