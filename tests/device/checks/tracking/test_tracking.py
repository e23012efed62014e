"""The tracker's promises, on made sequences, with the shipped model."""

import json

import pytest

from device.checks.tracking.bench import FOLLOWING, SEARCHING, measure_tracking, run, tracking_table
from device.checks.tracking.crowd import CENTERS, crowd_of, following_calls, further_face_ms
from device.checks.tracking.play import TruthFinder, measure_sequence
from device.checks.tracking.sequences import FPS, SEQUENCES, MadeSequence, still
from device.contract.errors import UsageError
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.tracking.tracker import Tracker
from tests.device.checks.options import options

MOTIONS = (
    "fast pan, W in 5 frames",
    "fast pan, every other frame skipped",
    "roll to 60 degrees",
    "zoom 3x",
)
HIDDEN = ("bars hide a still face 0.5 s", "bars hide a moving face 0.5 s", "two faces cross twice")


def follow_all(finder, truth_finder=None):
    network = LandmarkNetwork(find_model("small"))
    trackers = {FOLLOWING: Tracker(network, finder)}
    scheme = network.manifest.landmark_scheme
    return {
        sequence.name: measure_sequence(sequence, "cluttered", trackers, scheme, truth_finder=truth_finder)[
            FOLLOWING
        ]
        for sequence in SEQUENCES
    }


@pytest.fixture(scope="module")
def told_figures():
    """With a finder that knows the sequences: what the tracker itself does."""
    finder = TruthFinder()
    return follow_all(finder, finder)


@pytest.fixture(scope="module")
def yunet_figures(data_root):
    """With a real finder, which also sees halves of faces."""
    model = data_root.parent / "models" / "yunet_n_320_320.onnx"
    if not model.is_file():
        pytest.skip(f"no {model}")
    return follow_all(open_finder(f"yunet:{model}"))


@pytest.fixture(params=["told", pytest.param("yunet", marks=pytest.mark.data)])
def figures(request):
    return request.getfixturevalue(f"{request.param}_figures")


def test_no_face_is_ever_followed_twice(figures):
    assert {name: one.duplicates for name, one in figures.items()} == dict.fromkeys(figures, 0)


def test_nobody_takes_up_anothers_id(figures):
    assert {name: one.swaps for name, one in figures.items()} == dict.fromkeys(figures, 0)


@pytest.mark.parametrize("name", MOTIONS)
def test_a_moving_face_is_followed_in_every_frame_under_one_id(figures, name):
    assert figures[name].due >= 2 * FPS
    assert figures[name].seen == figures[name].due
    assert (figures[name].ids, figures[name].lost_reported) == (1, 0)


@pytest.mark.parametrize("name", MOTIONS)
def test_a_running_track_is_searched_beside_at_the_set_rate_only(figures, name):
    seconds = next(sequence.seconds for sequence in SEQUENCES if sequence.name == name)
    assert figures[name].searches <= seconds / 0.5 + 1


@pytest.mark.parametrize("name", [*MOTIONS, "two faces cross twice"])
def test_landmarks_stay_within_1_percent_of_the_eye_distance_along_the_motion(figures, name):
    assert figures[name].drift < 0.01


@pytest.mark.parametrize("name", HIDDEN)
def test_ids_survive_a_crossing_and_half_a_second_of_occlusion(figures, name):
    people = len(next(sequence.paths for sequence in SEQUENCES if sequence.name == name))
    assert (figures[name].ids, figures[name].lost_reported) == (people, 0)
    assert figures[name].seen >= 0.97 * figures[name].due


def test_an_absence_within_a_second_keeps_the_id(figures):
    away = figures["out of view for 0.8 s"]
    assert (away.ids, away.lost_reported) == (1, 0)
    assert away.seen >= 0.97 * away.due


def test_an_absence_of_two_seconds_is_told_once_and_ends_the_id(figures):
    away = figures["out of view for 2 s"]
    assert (away.ids, away.lost_reported) == (2, 1)
    assert away.seen >= 0.97 * away.due


SHORT = MadeSequence("a short rest", 0.5, (still,))


def test_the_bench_sets_following_beside_searching_every_frame():
    measured = measure_tracking("small", "truth:", "plain", sequences=(SHORT,))[SHORT.name]
    following, searching = measured[FOLLOWING], measured[SEARCHING]
    assert (following.seen, searching.seen) == (15, 15)
    assert (following.searches, searching.searches) == (1, 15)
    assert following.ids == 1
    table = tracking_table({SHORT.name: measured})
    assert "15/   15" in table


def test_the_bench_prints_json_on_request(capsys, monkeypatch):
    monkeypatch.setattr("device.checks.tracking.bench.SEQUENCES", (SHORT,))
    assert run(options("track-bench", "--ground", "plain", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sequences"][SHORT.name]["following"]["seen"] == 15


def test_every_face_of_a_crowd_is_followed_and_a_further_one_adds_what_the_medians_say():
    assert all(truth.share > 0.98 for truth in crowd_of(len(CENTERS))[1])
    calls = following_calls(LandmarkNetwork(find_model("small")))
    for people, call in enumerate(calls.values(), start=1):
        assert [len(call().faces) for _ in range(3)] == [people] * 3
    spent_ms = (1.3, 2.5, 3.7, 4.9, 6.1, 7.3, 8.5, 9.7)
    assert further_face_ms(dict(zip(calls, spent_ms, strict=True))) == pytest.approx(1.2)


def test_an_unknown_ground_is_refused():
    with pytest.raises(UsageError, match="plain or cluttered"):
        measure_tracking("small", "truth:", "striped")
