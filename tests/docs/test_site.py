"""The site builds without a warning, and its pages lead to the repository's own."""

import os
import re
import shutil
import subprocess

import pytest


def missing(reason):
    """CI must build the site."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def build(root, out):
    program = root / ".venv-docs" / "bin" / "mkdocs"
    if not program.is_file():
        missing("no .venv-docs: `make docs` builds it")
    command = [program, "build", "--strict", "--config-file", root / "mkdocs.yml", "--site-dir", out]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = build(root, out)
    assert done.returncode == 0, done.stderr
    return out


def test_pages_lead_to_those_of_the_repository(site):
    start = (site / "start" / "index.html").read_text()
    assert 'href="../repository/device/#sources"' in start
    assert 'id="sources"' in (site / "repository" / "device" / "index.html").read_text()


def test_the_stream_reference_is_the_specification(site):
    page = (site / "stream" / "index.html").read_text()
    for field in ("captured_ns", "faces[].landmarks", "Packed points", "rate 0.1 to 1000"):
        assert field in page
    # Links of a section that was brought in lead to where they led.
    assert 'href="../repository/device/signal/"' in page


def test_tables_are_tables_and_nothing_is_fetched_from_elsewhere(site):
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<p>\s*\|", text), path
        assert not re.search(r'(?:src|href)="https?://[^"]*\.(?:js|css|woff2?)"', text), path


def test_a_link_that_leads_nowhere_is_an_error(root, tmp_path):
    copy = tmp_path / "copy"
    (copy / "docs").mkdir(parents=True)
    (copy / ".venv-docs").symlink_to(root / ".venv-docs")
    shutil.copytree(root / "docs" / "hooks", copy / "docs" / "hooks")
    (copy / "mkdocs.yml").write_text(
        re.sub(r"^nav:.*?(?=^theme)", "", (root / "mkdocs.yml").read_text(), flags=re.MULTILINE | re.DOTALL)
    )
    (copy / "docs" / "index.md").write_text("# Page\n\n[away](../nowhere.md) [within](#nowhere)\n")
    done = build(copy, tmp_path / "out")
    assert done.returncode != 0
    assert "repository/nowhere.md" in done.stderr
    assert "#nowhere" in done.stderr
