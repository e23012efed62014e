from training.report.card_licence import checked_on, data_and_licence

HEADS = {"name": "VALID avatars", "licence": "MIT", "sha256": "ab" * 32, "used_as": "training"}
RESEARCH_SET = {"name": "300-W", "licence": "research only", "sha256": "cd" * 32, "used_as": "training"}


def test_an_open_models_card_lists_its_sources():
    page = data_and_licence({"training_faces": 12000, "sources": [HEADS]})
    assert "12,000 labelled faces" in page
    assert f"| VALID avatars | MIT | training | `{'ab' * 8}` |" in page
    assert "research use only" not in " ".join(page.split())
    assert checked_on({"sources": [HEADS]}) == "held-out faces of its own sets"


def test_any_others_says_that_it_is_for_research():
    for provenance in ({}, {"sources": [HEADS, RESEARCH_SET]}):
        page = data_and_licence({"training_faces": 5609, **provenance})
        words = " ".join(page.split())
        assert "research use only" in words
        assert "free for any use" not in words
        assert checked_on(provenance) == "the validation faces below"
