"""The client module's own tests: types made from the schema, the compiler, Vitest; and how it is built."""

import json
import threading

import pytest

from device.sinks.web.pages import BUILT
from tests.browser.conftest import build


@pytest.mark.slow
def test_the_client_module_passes_its_compiler_and_vitest(client_folder):
    done = build("test")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout


def test_two_builds_at_once_do_each_other_no_harm(client_folder):
    done = []
    builds = [threading.Thread(target=lambda: done.append(build("all"))) for _ in range(2)]
    for each in builds:
        each.start()
    for each in builds:
        each.join()
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    page = (BUILT / "index.html").read_text()
    assert "page.js" in page
    assert (BUILT / "page.js").stat().st_size > 1000
    assert sorted(BUILT.parent.glob("built*")) == [BUILT]


def test_whatever_is_bundled_comes_with_its_licence(client_folder):
    packages = json.loads((client_folder / "package.json").read_text())["dependencies"]
    licences = (BUILT / "licences.txt").read_text()
    # LiteRT.js is in the demo that runs in a browser alone; tests/browser/test_web_demo.py looks there.
    for name in packages.keys() - {"esbuild", "@litertjs/core"}:
        assert f"{name} {packages[name]}, " in licences
