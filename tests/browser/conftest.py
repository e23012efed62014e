"""A real browser (Debian's chromium, driven by Playwright), the built page, and streams to show it."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from device.messages import messages as events
from device.sinks import open_sink
from device.sinks.web.address import TOKEN_VARIABLE
from tests.conftest import ROOT

CLIENT = ROOT / "device" / "web" / "client"
SCREENSHOTS = ROOT / "tests" / "browser" / "screenshots"

# Draws in software, and nothing that depends on the machine's own. The page itself without the emulated
# graphics card, which is a hundred times slower; that one is left to what is drawn in three dimensions.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu-compositing",
    "--disable-accelerated-2d-canvas",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

REMEMBER_DRAWINGS = """
window.drawn = [];
document.addEventListener("landmarks:drawn", (event) => {
  window.firstDrawn ??= performance.now();
  drawn.push(event.detail);
  if (drawn.length > 3000) drawn.shift();
});
"""


def missing(reason):
    """What a test needs is not here: a failure where everything must run, else a skip that says so."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(config, items):
    """Timings only when they are asked for: a busy machine fails them whatever the page does."""
    if "quiet" not in config.option.markexpr:
        for item in items:
            if "quiet" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="measures time: make web-bench, on a quiet machine"))


def build(wanted):
    """Bundle the page that is to be tested: `page`, `all` or `test` of build.sh."""
    command = ["sh", str(CLIENT / "build.sh"), sys.executable, wanted]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="session")
def client_folder():
    """The client module with its compiler, its tests and axe-core, and the page built from it."""
    done = build("all")
    if done.returncode:
        missing(f"the page cannot be built here: {done.stderr.strip()[-300:]}")
    return CLIENT


@pytest.fixture(scope="session")
def chromium(client_folder):
    """One browser for all tests."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium")
    if found is None:
        missing("no chromium on the PATH; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()


class Tab:
    """One page of its own, which must not throw."""

    def __init__(self, chromium, **options):
        self.context = chromium.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        self.context.add_init_script(REMEMBER_DRAWINGS)
        self.page = self.context.new_page()
        self.errors, self.requests = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, url):
        self.page.goto(url)
        return self.page

    def wait(self, expression, seconds=20):
        """Until a JavaScript expression holds; asked from outside: the page forbids eval."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"() => Boolean({expression})"):
            assert time.monotonic() < end, f"waited {seconds} s in vain for {expression}"
            self.page.wait_for_timeout(40)

    def drawn(self):
        """Every drawing so far."""
        return self.page.evaluate("drawn")

    def keep(self, name):
        """A screenshot for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture
def tab(chromium):
    """Open tabs: `tab()`; whatever they threw fails the test."""
    tabs = []

    def make(**options):
        tabs.append(Tab(chromium, **options))
        return tabs[-1]

    yield make
    for each in tabs:
        each.context.close()
    assert [error for each in tabs for error in each.errors] == []


class Stream:
    """A web sink fed by the test: no daemon, so that every number is known."""

    def __init__(self, sink):
        self.sink = sink
        self.url = f"http://127.0.0.1:{sink.port}/"
        self.ws = f"ws://127.0.0.1:{sink.port}/stream"

    def publish(self, message):
        self.sink.publish(message, events.encode(message))

    def publish_raw(self, line):
        """A line that no honest device sends."""
        self.sink.publish(None, line)


@pytest.fixture
def stream(monkeypatch):
    """Serve a stream at a free port: `stream("picture=1", token=...)`."""
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    streams = []

    def start(options="", token=None, port=0):
        if token:
            monkeypatch.setenv(TOKEN_VARIABLE, token)
        streams.append(Stream(open_sink(f"web:{port}" + (f"?{options}" if options else ""))))
        return streams[-1]

    yield start
    for each in streams:
        each.sink.close()


@contextmanager
def running_daemon(*words, **environment):
    """`python -m device run` on the demo camera, its address and its process; ended afterwards."""
    command = [sys.executable, "-m", "device", "run", *words]
    environment = {**os.environ, **environment}
    child = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        url = None
        if any(word.startswith("web:") for word in words):
            said = ""
            while url is None:
                line = child.stderr.readline()
                assert line, f"the daemon ended: {said}"
                said += line
                found = re.search(r"web: (http://\S+/)", line)
                url = found and found[1]
        yield url, child
    finally:
        child.terminate()
        child.communicate(timeout=20)


@pytest.fixture
def daemon():
    """Start a daemon that serves a free port; ended after the test."""
    return running_daemon


def wait_for(condition, seconds=20.0):
    """Until a condition holds; its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return value
