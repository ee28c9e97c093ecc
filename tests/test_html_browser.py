"""The --html page in a real browser: what it shows, loads and prints. Skipped where `chromium` is not installed."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from test_html import ASKED, CHECK, LOOKUP, SEED, Read

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page was not seen by a browser")

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync",
          "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"]  # fmt: skip
# What the browser requests by itself when it starts; fonts.googleapis.com and the like are not among it.
_ITS_OWN = re.compile(r"(CONNECT |http://)((update|optimizationguide-pa)\.googleapis|[a-z0-9.]*\.google)\.com[:/]")
_SECONDS = 60
_NARROWEST = 320  # pixels: WCAG 2.2, 1.4.10
_CONTROL = (
    "<!doctype html><script>console.log('seen')</script>"
    "<img src='http://elsewhere.test/x.png'><img src='https://elsewhere.test/y.png'>"
)
_FRAMED = (
    "<!doctype html><script>onload = () => document.title = [...document.querySelectorAll('iframe')]"
    ".map(page => page.contentDocument.documentElement.scrollWidth).join(' ')</script>"
)


class Browser:
    """A browser all of whose requests come to the test; it knows the pages in `pages` by their names."""

    def __init__(self, port: int, folder: Path, pages: dict[str, str], requests: list[str]) -> None:
        self.pages, self.requests, self._folder = pages, requests, folder
        self._flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--proxy-server=http://127.0.0.1:{port}"]

    def run(self, *options: str, page: str = "page.html") -> tuple[str, list[str], list[str]]:
        """Show a page; stdout, what the console says, and what was asked of the network."""
        self.requests.clear()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "LC_ALL": "C.UTF-8"}
        ran = subprocess.run(
            [str(CHROMIUM), *self._flags, *options, f"http://cpt.test/{page}"], cwd=self._folder, env=environment,
            capture_output=True, text=True, timeout=_SECONDS, check=True,
        )  # fmt: skip
        console = [line for line in ran.stderr.splitlines() if ":CONSOLE" in line]
        return ran.stdout, console, [each for each in self.requests if not _ITS_OWN.match(each)]

    def makes(self, file: str, *options: str) -> bytes:
        """The bytes of a file that the browser makes of the page."""
        self.run(*options)
        return (self._folder / file).read_bytes()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    pages: dict[str, str] = {}
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            page = pages.get(self.path.removeprefix("http://cpt.test/"), "").encode()
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def do_CONNECT(self) -> None:
            requests.append(f"CONNECT {self.path}")
            self.send_error(403)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path / "browser"
    folder.mkdir()
    yield Browser(server.server_port, folder, pages, requests)
    server.shutdown()
    server.server_close()


@pytest.fixture
def shown(browser: Browser, cpt, tmp_path: Path) -> Callable[..., str]:
    """Puts the page of a command before the browser."""

    def show(*arguments: str) -> str:
        assert cpt(*arguments, "--html", "answer.html").code in (0, 1)
        browser.pages["page.html"] = (tmp_path / "answer.html").read_text(encoding="utf-8")
        return browser.pages["page.html"]

    return show


def test_the_seed_page_asks_nothing_of_the_network_and_says_nothing_on_the_console(browser, shown):
    browser.pages["control.html"] = _CONTROL
    _, console, requests = browser.run("--dump-dom", page="control.html")
    assert len(console) >= 1, "a console message would not be seen"
    assert {"http://elsewhere.test/x.png", "CONNECT elsewhere.test:443"} <= {*requests}, "a request would not be seen"
    page = shown(*SEED)
    dom, console, requests = browser.run("--dump-dom")
    assert console == []
    assert requests == ["http://cpt.test/page.html"]
    assert Read(dom.strip()).words == Read(page).words
    assert [tag for tag, _ in Read(dom).tags if tag != "tbody"] == [tag for tag, _ in Read(page).tags]


@pytest.mark.parametrize("arguments", [SEED, LOOKUP, CHECK], ids=["suggest", "lookup", "check"])
def test_a_page_prints_on_one_sheet_and_in_full_on_more(browser, shown, arguments):
    def sheets() -> int:
        printed = browser.makes("page.pdf", "--no-pdf-header-footer", "--print-to-pdf=page.pdf")
        assert re.search(rb"/MediaBox \[0 0 612 792\]", printed), "not letter size"
        return len(re.findall(rb"/Type\s*/Page\b", printed))

    shown(*arguments)
    assert sheets() == 1
    shown(*arguments, "--full")
    assert sheets() > 1


def test_the_seed_page_is_dark_for_who_likes_it_dark(browser, shown):
    shown(*SEED)
    light, again = (browser.makes("page.png", "--screenshot=page.png") for _ in range(2))
    dark = browser.makes("page.png", "--screenshot=page.png", "--force-dark-mode")
    assert light == again
    assert light != dark


def test_no_page_is_wider_than_a_narrow_phone(browser, shown):
    for number, arguments in enumerate(ASKED):
        browser.pages[f"page{number}.html"] = shown(*arguments)
    browser.pages["phone.html"] = _FRAMED + "".join(
        f"<iframe src=page{number}.html width={_NARROWEST} height=600></iframe>" for number in range(len(ASKED))
    )
    dom, _, _ = browser.run("--dump-dom", page="phone.html")
    widths = dict(zip(map(" ".join, ASKED), Read(dom).title.split(), strict=True))
    assert widths == dict.fromkeys(widths, str(_NARROWEST))
