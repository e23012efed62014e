"""WFLW and COFW from their official files to their benchmarks: trained, evaluated, called what they are."""

import json
import sys

import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from device.contract.metrics import interpupil_distance
from tests.training.data.sets.test_published_sets import write_cofw, write_wflw
from training import __main__ as program
from training.data.sets.sample import Sample
from training.data.sets.wflw import ATTRIBUTES
from training.engine.run import train_run
from training.engine.run_file import run_from_values
from training.engine.validation import read_face_errors
from training.measure import evaluate
from training.measure.subsets import subsets_of
from training.models.attention_net import AttentionNet

PLAIN = {"stem": 4, "widths": [4, 4, 4, 8], "depths": [0, 0, 0, 0]}
NETWORKS = {
    "supervised": ("landmark_student", {**PLAIN, "decoder": [4, 4, 4]}),
    "star_swin": ("attention_net", {"backbone": "plain", "backbone_arguments": PLAIN, "width": 4}),
}


def run_of(name, scheme, task):
    family, arguments = NETWORKS[task]
    arguments = {**arguments, "scheme": scheme} if family == "attention_net" else arguments
    values = {
        "name": f"{name}-{task}",
        "scheme": scheme,
        "task": task,
        "data": {"weights": {name: 1.0}, "side": 64},
        "model": {"family": family, "input_side": 32, "arguments": arguments},
        "optimiser": {"images": 8, "batch": 4},
    }
    return run_from_values(values, "test")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for part in ("train", "test"):
        write_wflw(folder / "wflw", part, 3, attributes="1 0 0 0 1 0")
        pictures = np.random.default_rng(1).integers(0, 256, (3, 60, 60, 3), np.uint8)
        write_cofw(folder / "cofw", part, list(pictures))
    return folder


def evaluated(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["training", "evaluate", *map(str, words), "--json"])
    program.main()
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("task", NETWORKS)
@pytest.mark.parametrize(("name", "scheme"), [("wflw", "wflw_98"), ("cofw", "cofw_29")])
def test_a_network_of_the_sets_own_points_trains_and_is_measured(
    data, tmp_path, monkeypatch, capsys, name, scheme, task
):
    run = run_of(name, scheme, task)
    assert set(train_run(run, data, tmp_path)) == {name}
    assert len(read_face_errors(tmp_path / run.name).errors) == 3
    model = tmp_path / run.name / "network.pt"
    figures = evaluated(monkeypatch, capsys, "--model", model, "--dataset", f"{name}:{data / name}")
    assert (figures["count"], figures["points"]) == (3, scheme)
    assert 0 < figures["nme_interpupil"] != figures["nme_interocular"]
    subsets = figures["subsets"]
    assert set(subsets) == ({"pose", "occlusion"} if name == "wflw" else set())
    # All its faces have both: the subset's figures are the set's.
    for subset in subsets.values():
        assert subset["count"] == 3
        for key in ("nme_interocular", "failure_rate_at_10", "auc_at_10"):
            assert subset[key] == figures[key]


def test_68_points_on_wflw_are_called_what_they_are():
    sample = Sample("wflw/test/0", None, np.zeros((68, 2), np.float32), "wflw")
    told = evaluate.compared_points([sample], SCHEMES["ibug_68"], 68)
    assert told == "ibug_68, mapped from wflw_98: not that set's own benchmark"
    own = Sample("300w/0", None, np.zeros((68, 2), np.float32), "300w")
    assert evaluate.compared_points([own], SCHEMES["ibug_68"], 51) == "51 of ibug_68"


def test_pupils_are_wflws_own_points_96_and_97():
    face = np.random.default_rng(0).uniform(0, 100, (98, 2))
    told = interpupil_distance(face, SCHEMES["wflw_98"])
    assert told == pytest.approx(float(np.linalg.norm(face[96] - face[97])))
    face = face[:29]
    assert interpupil_distance(face, SCHEMES["cofw_29"]) == pytest.approx(
        float(np.linalg.norm(face[16] - face[17]))
    )


def test_a_subset_counts_its_faces_and_a_missed_one_is_a_failure():
    def face(*attributes):
        return Sample("wflw/test/0", None, np.zeros((98, 2), np.float32), "wflw", attributes=attributes)

    faces = [face("pose"), face("pose", "blur"), face("blur"), face()]
    subsets = subsets_of(faces, [0.05, 0.15, np.inf, 0.01])
    assert list(subsets) == [name for name in ATTRIBUTES if name in ("pose", "blur")]
    assert (subsets["pose"].nme_interocular, subsets["pose"].failure_rate_at_10) == (pytest.approx(0.1), 0.5)
    assert subsets["pose"].auc_at_10 == pytest.approx(0.25)
    assert (subsets["blur"].missed, subsets["blur"].failure_rate_at_10) == (1, 1.0)
    assert subsets_of([face()], [0.1]) == {}


def test_a_pupil_lies_on_no_contour_and_is_not_held_back_by_any():
    model = AttentionNet(98, 32, "plain", PLAIN, width=4, scheme="wflw_98")
    assert model.free.nonzero().ravel().tolist() == [96, 97]
    with pytest.raises(BadInputError, match=r"arguments\.scheme is ibug_68 of 68 points, the run's has 98"):
        AttentionNet(98, 32, "plain", PLAIN, width=4)
