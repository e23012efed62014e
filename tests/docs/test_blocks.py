"""Every fenced block of the documents is run as a reader would type it, or says in its page why not."""

import re

import pytest

from tests.conftest import ROOT
from tests.docs.blocks import KEEPS_RUNNING, NOT_RUN, RUN_BY, blocks_of, tracked
from tests.docs.reader import Reader

RUNNABLE = ("sh", "python", "toml")
"""Languages whose blocks need no mark; toml is a settings file, which is checked."""


PAGES = [path for path in map(ROOT.joinpath, tracked("*.md")) if path.is_file() and blocks_of(path)]
TYPED = [path for path in PAGES if any(block.mark in ("", KEEPS_RUNNING) for block in blocks_of(path))]
SITE = [path for path in map(ROOT.joinpath, tracked("README.md", "docs/*.md")) if path.is_file()]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def test_the_documents_are_found():
    assert {"README.md", "docs/start.md", "docs/client.md"} <= set(map(name_of, TYPED))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_run_or_says_why_not(page):
    for block in blocks_of(page):
        if block.mark == NOT_RUN:
            assert len(block.reason) > len("no"), f"{block.place}: why is it not run?"
        elif block.mark == RUN_BY:
            test = ROOT / block.reason
            assert test.is_file(), f"{block.place}: no {block.reason}"
            assert page.name in test.read_text(), f"{block.reason} does not read {page.name}"
        else:
            assert block.mark in ("", KEEPS_RUNNING), f"{block.place}: {block.mark!r}"
            assert block.language in RUNNABLE, f"{block.place}: a block of {block.language} needs a mark"


@pytest.mark.parametrize("page", SITE, ids=name_of)
def test_code_stands_in_fences_where_it_is_seen(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"\n\n {4}\S", text)


@pytest.mark.timeout(900)  # half a minute on a machine that has nothing else to do
@pytest.mark.parametrize("page", TYPED, ids=name_of)
def test_a_reader_can_type_the_page(page, tmp_path):
    reader = Reader(tmp_path)
    try:
        for block in blocks_of(page):
            if block.mark == "":
                reader.run(block)
            elif block.mark == KEEPS_RUNNING:
                reader.keep_running(block)
    finally:
        reader.close()
