"""--html: the page says what the sheet says, loads nothing, and its file is whole or unchanged."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs

from cptcli import AMA_NOTICE, NO_ADVICE, __version__
from cptcli.compose.layout import LINES, fitted
from cptcli.compose.sheet import Block, Detail, Row, Section, Sheet
from cptcli.show import html

SEED = ["suggest", "--device", "anodyne", "--payer", "palmetto", "--on", "2026-11-23"]
LOOKUP = ["lookup", "97026", "--on", "2026-11-23"]
CHECK = ["check", "97110:25", "97140:20", "97026", "--payer", "palmetto", "--discipline", "PT", "--on", "2024-08-05"]
FEE = ["fee", "97110", "--state", "SC", "--on", "2025-10-15"]
BRANCHES = ["suggest", "--modality", "dry needling", "--payer", "cigna", "--on", "2026-11-23"]
ASKED = [SEED, LOOKUP, CHECK, FEE, BRANCHES, ["lookup", "laser", "--on", "2026-11-23"]]
_IDS = ["suggest", "lookup", "check", "fee", "branches", "words"]


class Read(HTMLParser):
    """What a page holds: its tags with their attributes, its words, and those of them that are folded."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.folded: list[str] = []
        self.title = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "a tag is not closed where it should be"

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.title += data
        if "body" in self._open:
            self.words += data.split()
            if "details" in self._open and "summary" not in self._open:
                self.folded += data.split()


def _words(*texts: str) -> list[str]:
    return " ".join(texts).split()


def _in_order(sheet: Sheet) -> list[str]:
    """The words of a sheet, top to bottom, as a page has them on which nothing is folded."""
    texts = [*sheet.title] if any(sheet.title[:2]) else ["Answer", sheet.title[2]]
    texts += [cell for row in sheet.lead for cell in row.cells]
    for block in sheet.blocks:
        texts += [block.label, *(cell for row in block.rows for cell in row.cells)]
    texts += ["Details"] if sheet.sections else []
    for section in sheet.sections:
        texts.append(section.title)
        for each in section.details:
            texts += [each.text, each.cited] if section.listed else [each.label, each.text, each.cited]
    return _words(*texts, sheet.stamp, f"cpt {__version__}", NO_ADVICE, AMA_NOTICE)


@pytest.fixture
def drawn(cpt, monkeypatch, tmp_path):
    """Runs a command with --html: the sheet that it draws, and the page in the file."""
    draw = html.page

    def run(*arguments: str) -> tuple[Sheet, str]:
        sheets: list[Sheet] = []
        monkeypatch.setattr(html, "page", lambda sheet, *more: (sheets.append(sheet), draw(sheet, *more))[1])
        assert cpt(*arguments, "--html", "answer.html").code in (0, 1)
        return sheets[0], (tmp_path / "answer.html").read_text(encoding="utf-8")

    return run


# -------------------------------------------------------------------------------------------- what the page says


@pytest.mark.parametrize("arguments", ASKED, ids=_IDS)
def test_a_page_in_full_says_every_word_of_the_sheet_in_its_order(drawn, arguments):
    sheet, page = drawn(*arguments, "--full")
    assert Read(page).words == _in_order(sheet)


@pytest.mark.parametrize("arguments", ASKED, ids=_IDS)
def test_a_folded_page_says_as_much_and_names_what_it_folds(drawn, arguments):
    sheet, page = drawn(*arguments)
    read = Read(page)
    assert Counter(_in_order(sheet)) - Counter(read.words) == Counter()
    notes = sum(map(int, re.findall(r"<summary>(\d+) more</summary>", page)))
    counts = structs.replace(sheet, notes=sheet.notes + notes).counts
    sentence = f"{counts}: folded on this page. What you open is printed too." if counts else ""
    added = Counter(read.words) - Counter(_in_order(sheet))
    summaries = re.findall(r"<summary>(\d+ more)</summary>", page)
    assert added == Counter(_words(sentence, *summaries))


@pytest.mark.parametrize("arguments", [SEED, LOOKUP, CHECK, BRANCHES], ids=["suggest", "lookup", "check", "branches"])
def test_no_row_of_the_first_screen_is_folded(drawn, arguments):
    sheet, page = drawn(*arguments)
    seen = " ".join((Counter(Read(page).words) - Counter(Read(page).folded)).elements()).split()
    first = fitted(sheet, LINES)[0]
    rows = [row for block in first.blocks for row in block.rows]
    assert rows
    assert [row for row in (*first.lead, *rows) if not set(_words(*row.cells)) <= set(seen)] == []


def test_of_two_hundred_branches_those_that_must_stay_are_never_folded():
    rows = tuple(Row("branch", (f"case-{n}", f"code-{n}"), must=n < 100) for n in range(200))
    read = Read(html.page(Sheet(title=("Depends", "", ""), blocks=(Block("", rows),))))
    assert {f"case-{n}" for n in range(100)} & {*read.folded} == set()
    assert {f"case-{n}" for n in range(100, 200)} & {*read.folded}
    assert {f"case-{n}" for n in range(200)} <= {*read.words}


def test_a_page_names_its_day_its_language_and_its_signs(drawn):
    page = drawn(*SEED)[1]
    read = Read(page)
    assert page.startswith("<!doctype html>\n")
    assert read.tags[0] == ("html", {"lang": "en"})
    assert read.tags[2] == ("meta", {"charset": "utf-8"})
    assert read.title == "97799 Rehabilitation service with no listed code instead of 97026"
    (description,) = [each["content"] for tag, each in read.tags if each.get("name") == "description"]
    assert "DOS 2026-11-23" in description


@pytest.mark.parametrize("arguments", ASKED, ids=_IDS)
def test_a_page_holds_no_script_and_no_address_that_a_browser_follows(drawn, arguments):
    page = drawn(*arguments)[1]
    read = Read(page)
    assert {tag for tag, _ in read.tags} & {"script", "a", "link", "img", "iframe", "object", "form", "base"} == set()
    names = {name for _, each in read.tags for name in each}
    assert {name for name in names if name.startswith("on")} | names & {"src", "srcset", "href", "style"} == set()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert not re.search(r"url\(|@import|//", style)
    if arguments == SEED:
        assert "https://www.hhs.gov/guidance/document/infrared-therapy-devices-0" in read.words  # as text


@pytest.mark.parametrize("arguments", ASKED, ids=_IDS)
def test_a_screen_reader_finds_headings_in_order_and_a_header_in_every_row(drawn, arguments):
    read = Read(drawn(*arguments)[1])
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [each for tag, each in read.tags if tag == "th" and each.get("scope") != "row"] == []
    assert [each for tag, each in read.tags if tag == "table" and not each.get("aria-label")] == []


def _luminance(color: str) -> float:
    pairs = [2 * digit for digit in color] if len(color) == 3 else [color[at : at + 2] for at in (0, 2, 4)]
    parts = [int(pair, 16) / 255 for pair in pairs]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_is_readable_on_its_ground_by_light_and_by_dark():
    """4.5 to 1, as WCAG 2.2 asks of text (1.4.3)."""
    style = files("cptcli.show").joinpath("page.html.j2").read_text(encoding="utf-8")
    schemes = [dict(re.findall(r"--(\w+): #(\w+);", each)) for each in re.findall(r":root \{(.*?)\}", style, re.DOTALL)]
    assert len(schemes) == 2
    for colors in schemes:
        for name in ("text", "quiet", "good", "caution", "bad", "unsure"):
            for ground in ("back", "shade"):
                light = sorted((_luminance(colors[name]) + 0.05, _luminance(colors[ground]) + 0.05))
                assert light[1] / light[0] >= 4.5, (name, ground, colors)


# ------------------------------------------------------------------------------------------------ hostile names

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src="http://elsewhere.test/p" onerror="alert(1)">',
    "' onmouseover='alert(1)",
    "</title></style></details></main><h1>Covered</h1>",
    "<!-- --> &lt;b&gt; &amp;amp;",
    "{{ 7 * 7 }} {% raw %} {{ sheet }}",
    "\x1b[8mhidden\x1b[0m",
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x00",
    "\u202edenied\u2066",
]


def _sheet(name: str) -> Sheet:
    """A sheet that has this name wherever a sheet has a text."""
    row, wide = Row("payer", (name,)), Row("payer", (name, name))
    details = (Detail("payer", name, name, name),)
    return Sheet(
        title=(name, name, name), lead=(row,), blocks=(Block("", (wide,)), Block(name, (row,))),
        sections=(Section(name, details), Section(name, details, listed=True)), more=(name,), stamp=name,
    )  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_with_markup_is_text_on_a_page(name):
    read = Read(html.page(_sheet(name)))
    assert [(tag, [*each]) for tag, each in read.tags] == [
        (tag, [*each]) for tag, each in Read(html.page(_sheet("ACME"))).tags
    ]
    shown = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]", "\N{REPLACEMENT CHARACTER}", name)
    assert _words(shown)[0] in read.words
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]", html.page(_sheet(name)))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_with_control_characters_hides_nothing_at_a_terminal(name, capsys, monkeypatch):
    """Also none that sets a color or a weight, as the page itself does: `ESC [8m` would hide a refusal."""
    from cptcli.show.terminal import show

    monkeypatch.setenv("TERM", "xterm-256color")
    show(_sheet(name), full=True, colored=True)
    screen = capsys.readouterr().out
    assert "\x1b[1m" in screen
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]", re.sub(r"\x1b\[(0|1|2|3[1-6])m", "", screen))


def test_a_payer_of_a_clinics_rules_cannot_hide_what_a_page_says(cpt, terminal, tmp_path):
    (tmp_path / "ours" / "payers").mkdir(parents=True)
    (tmp_path / "ours" / "payers" / "acme.yaml").write_text(
        "id: acme\nname: \"\\e[8m<script>alert(1)</script> ACME\"\nkind: commercial\n", encoding="utf-8"
    )  # fmt: skip
    asked = ["suggest", "--modality", "infrared", "--payer", "acme", "--rules", "ours", "--on", "2026-11-23"]
    page = cpt(*asked, "--html", "-").stdout
    assert "<script" not in page
    assert "\N{REPLACEMENT CHARACTER}[8m&lt;script&gt;alert(1)&lt;/script&gt; ACME" in page
    screen = terminal(*asked, env={"NO_COLOR": None})
    screen.ends()
    assert "\N{REPLACEMENT CHARACTER}[8m" in screen.screen
    assert "\x1b[8m" not in screen.screen


# ---------------------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize("arguments", [SEED, LOOKUP, CHECK, FEE], ids=["suggest", "lookup", "check", "fee"])
def test_the_answer_is_printed_as_without_a_page(cpt, tmp_path, arguments):
    without = cpt(*arguments)
    ran = cpt(*arguments, "--html", "answer.html")
    assert (ran.stdout, ran.code) == (without.stdout, without.code)
    assert ran.stderr == "Written: answer.html\n"
    assert [*_contents(tmp_path)] == ["answer.html"]
    as_json = cpt(*arguments, "--html", "answer.html", "--json")
    assert as_json.stdout == cpt(*arguments, "--json").stdout
    assert as_json.stderr == "Written: answer.html\n"


def test_a_dash_writes_the_page_in_the_place_of_the_answer(cpt, tmp_path):
    ran = cpt(*SEED, "--html", "-")
    assert ran.stdout.startswith("<!doctype html>")
    assert ran.stdout.endswith("</html>\n")
    assert (ran.stderr, ran.code, _contents(tmp_path)) == ("", 0, {})


@pytest.mark.parametrize("form", ["--json", "--plain"])
def test_a_page_and_another_form_do_not_share_standard_output(cpt, form):
    ran = cpt(*SEED, "--html", "-", form)
    assert ran.code == 2
    assert "<!doctype" not in ran.stdout
    assert "--json and --plain go to standard output too" in ran.stderr


def _folder(tmp_path: Path) -> str:
    (tmp_path / "pages").mkdir()
    return "pages"


def _pipe(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "pipe.html")
    return "pipe.html"


def _read_only(tmp_path: Path) -> str:
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "old.html").chmod(0o444)
    return "old.html"


def _visit(tmp_path: Path) -> str:
    (tmp_path / "visit.yaml").write_text("payer: palmetto\n")
    return "visit.yaml"


def _below_a_file(tmp_path: Path) -> str:
    (tmp_path / "file").write_text("old")
    return "file/answer.html"


def _link_to_itself(tmp_path: Path) -> str:
    (tmp_path / "loop.html").symlink_to("loop.html")
    return "loop.html"


REFUSED = {
    "a folder": (_folder, "this is a folder"),
    "a pipe": (_pipe, "a device or a pipe"),
    "a read-only file": (_read_only, "read-only"),
    "a visit file": (_visit, "a rule or a visit"),
    "below a file": (_below_a_file, "a folder that exists"),
    "a link to itself": (_link_to_itself, ""),
    "a full disk": (lambda _: "/dev/full", "a device or a pipe"),
    "the null device": (lambda _: "/dev/null", "a device or a pipe"),
    "a folder that is missing": (lambda _: "no/such/answer.html", "a folder that exists"),
    "a folder where nothing is written": (lambda _: "/proc/answer.html", "cannot be written"),
    "no name": (lambda _: "", "a file name, or - for standard output"),
    "blanks": (lambda _: "  ", "a file name, or - for standard output"),
    "a folder to be": (lambda _: "pages/", "a file name, or - for standard output"),
    "the next option": (lambda _: "--full", "a file name, or - for standard output"),
    "a NUL": (lambda _: "a\0b.html", "a file name, or - for standard output"),
    "a name too long": (lambda _: "a" * 300 + ".html", "File name too long"),
}


def _contents(folder: Path) -> dict[str, object]:
    return {
        str(each.relative_to(folder)): each.read_bytes() if each.is_file() else each.lstat().st_mode
        for each in folder.rglob("*")
    }


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="names devices as Linux does")
@pytest.mark.parametrize("case", REFUSED)
def test_what_no_page_may_replace_is_refused_and_stays_as_it_is(cpt, tmp_path, case):
    make, why = REFUSED[case]
    name = make(tmp_path)
    before = _contents(tmp_path)
    ran = cpt(*SEED, "--html", name)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("cpt: --html ")
    assert why in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert _contents(tmp_path) == before


def test_a_file_is_refused_before_anything_is_asked(cpt):
    ran = cpt("suggest", "--html", "no/such/answer.html")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("cpt: --html ")


def test_a_pipe_that_closes_costs_the_answer_and_not_the_page(cpt_process, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        ran = cpt_process(*SEED, "--html", "answer.html", capture_output=False, stdout=stdout, stderr=subprocess.PIPE)
    assert (ran.stderr, ran.code) == ("Written: answer.html\n", 0)
    assert (tmp_path / "answer.html").read_text(encoding="utf-8").endswith("</html>\n")


def test_a_page_does_not_replace_what_the_command_reads_or_writes(cpt_process, tmp_path):
    visit = tmp_path / "visit.html"  # any name is read where it is a file
    visit.write_text("payer: palmetto\ndiscipline: PT\nlines:\n  - {code: '97110', minutes: 25}\n", encoding="utf-8")
    (tmp_path / "link.html").hardlink_to(visit)
    before = _contents(tmp_path)
    for target in ("visit.html", "link.html"):
        ran = cpt_process("check", "visit.html", "--on", "2024-08-05", "--html", target)
        assert (ran.code, ran.stdout) == (2, "")
        assert "this command reads or writes this one already" in ran.stderr
    with visit.open() as stdin:
        assert cpt_process("check", "-", "--on", "2024-08-05", "--html", "visit.html", stdin=stdin).code == 2
    assert _contents(tmp_path) == before
    with (tmp_path / "answer.html").open("w") as stdout:
        ran = cpt_process(*SEED, "--html", "answer.html", capture_output=False, stdout=stdout, stderr=subprocess.PIPE)
    assert ran.code == 2
    assert (tmp_path / "answer.html").read_text() == ""


def test_a_disk_that_fills_up_leaves_the_old_page_and_nothing_else(cpt_process, tmp_path):
    resource = pytest.importorskip("resource")  # not on Windows
    cpt_process(*SEED)  # so that the compiled rules are stored
    (tmp_path / "answer.html").write_text("old")

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    ran = cpt_process(*SEED, "--html", "answer.html", preexec_fn=small)
    assert (ran.code, ran.stdout) == (2, "")
    assert "the page cannot be written" in ran.stderr
    assert _contents(tmp_path) == {"answer.html": b"old"}


def test_ctrl_c_while_a_page_is_written_leaves_the_old_page_and_nothing_else(cpt, tmp_path, monkeypatch):
    (tmp_path / "answer.html").write_text("old")
    written = []

    def interrupted(_handle: int) -> None:
        written.extend(each.stat().st_size for each in tmp_path.glob(".cpt-*"))
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "fsync", interrupted)
    ran = cpt(*SEED, "--html", "answer.html")
    assert (ran.code, ran.stdout) == (130, "")
    assert len(written) == 1
    assert written[0] > 4096
    assert _contents(tmp_path) == {"answer.html": b"old"}


def test_a_page_has_the_mode_of_the_umask_and_a_page_replaced_keeps_its_own(cpt_process, tmp_path):
    def strict() -> None:
        os.umask(0o027)

    cpt_process(*SEED, "--html", "answer.html", preexec_fn=strict)
    page = tmp_path / "answer.html"
    assert page.stat().st_mode & 0o777 == 0o640
    page.chmod(0o600)
    cpt_process(*SEED, "--html", "answer.html")
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_page_is_written_through_a_link(cpt, tmp_path):
    (tmp_path / "chart").mkdir()
    (tmp_path / "answer.html").symlink_to("chart/answer.html")
    assert cpt(*SEED, "--html", "answer.html").code == 0
    assert (tmp_path / "answer.html").is_symlink()
    assert (tmp_path / "chart" / "answer.html").read_text().startswith("<!doctype html>")
    assert [*_contents(tmp_path / "chart")] == ["answer.html"]


def test_the_template_engine_is_loaded_only_for_a_page(environment, tmp_path):
    script = "import sys; from cptcli.commands.main import run; run(sys.argv[1:]); print('jinja2' in sys.modules)"
    for more, loaded in (([], "False"), (["--json"], "False"), (["--html", "answer.html"], "True")):
        ran = subprocess.run(
            [sys.executable, "-c", script, *SEED, *more], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert ran.stdout.splitlines()[-1] == loaded, ran.stderr
