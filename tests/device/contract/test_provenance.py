import msgspec
import pytest

from device.contract.errors import RefusedError
from device.contract.manifest import manifest_path_of, read_manifest
from device.contract.provenance import FREE, Source, all_free, check_open, is_open, merged
from device.inference.models import MODELS, find_model, shipped_models


def provenance(*sources):
    return {"sources": [msgspec.to_builtins(source) for source in sources]}


AVATARS = Source("VALID avatars", "MIT", "ab", "training")
RESEARCH_SET = Source("300-W", "research only", "cd", "integer ranges")


@pytest.mark.parametrize(
    ("name", "promised"),
    [("open", True), ("open-small", True), ("opened", False), ("small", False), ("my-open-small", False)],
)
def test_a_name_that_begins_with_open_is_a_promise(name, promised):
    assert is_open(name) == promised


def test_a_model_whose_sources_are_all_free_may_be_called_open():
    check_open("open-small", provenance(AVATARS, Source("FairFace", "CC-BY-4.0", "ef", "training")))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (provenance(AVATARS, RESEARCH_SET), "taught by 300-W"),
        (provenance(Source("VALID avatars", "GPL-3.0-only", "ab", "training")), "taught by VALID avatars"),
        (provenance(Source("weights.pt", "unknown", "ab", "initial weights")), "taught by weights.pt"),
        (provenance(), "does not say what it was taught by"),
        ({}, "does not say what it was taught by"),
        ({"sources": [{"name": "FairFace"}]}, "cannot be read"),
    ],
)
def test_any_other_is_refused(broken, message):
    with pytest.raises(RefusedError, match=message):
        check_open("open-small", broken)
    check_open("small", broken)


def test_sources_are_listed_once_and_sorted():
    assert merged([AVATARS, RESEARCH_SET], [AVATARS]) == (RESEARCH_SET, AVATARS)


def test_every_shipped_model_keeps_what_its_name_promises():
    for name in shipped_models():
        check_open(name, read_manifest(manifest_path_of(find_model(name))).provenance)
    for path in MODELS.glob("open-*/*.json"):
        assert all_free(msgspec.json.decode(path.read_bytes())["provenance"])


def test_the_page_names_every_free_source_and_its_licence(root):
    page = (root / "LICENCES.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for name, licence in FREE.items():
        row = next(row for row in rows if row.startswith(f"| {name} "))
        assert licence.replace("CC-BY-4.0", "CC BY 4.0") in row
