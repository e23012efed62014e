"""Each published system trains: its terms, its teachers frozen, its run cut off and resumed."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from tests.training.engine.test_loop import tiny_faces, weights_of
from training.data.augment import Augmenter, TensorPack
from training.data.crops import CropSet
from training.engine.loop import Loop
from training.engine.precision import EngineSettings, compiled
from training.engine.run import start_model
from training.engine.run_file import read_run, run_from_values
from training.engine.run_parts import RunParts
from training.models import build_model
from training.models.decode import codec_of, landmarks_of, mass_expectation
from training.models.landmark_student import LandmarkStudent
from training.tasks import TaskContext
from training.tasks.efficient_fan import IntegralLoss
from training.tasks.registry import check_network, task_kind
from training.tasks.star_swin import StarLoss

CONFIGS = Path(__file__).parents[3] / "training" / "configs"
SIDE = 32
SWIN = {"embed": 8, "depths": [1, 1, 1, 1], "heads": [1, 1, 1, 1], "window": 4, "pretrained_windows": [0] * 4}
PLAIN = {"stem": 4, "widths": [4, 4, 4, 8], "depths": [0, 0, 0, 0], "top": 8}

NETWORKS = {
    "regression": ("coordinate_net", {}),
    "kd_net": ("coordinate_net", {}),
    "star_swin": ("attention_net", {"width": 8, "decoder": "nearest_convolution", "fused_graph": False}),
    "efficient_fan": ("integral_net", {"width": 8, "upsampling": "nearest", "hard_swish": False}),
}


def tiny_run(task, loss=None, teachers=None, **network):
    family, arguments = NETWORKS[task]
    arguments = {"backbone": "plain", "backbone_arguments": PLAIN, **arguments, **network}
    return run_from_values(
        {
            "name": "tiny",
            "task": task,
            "teachers": teachers or {},
            "model": {"family": family, "input_side": SIDE, "arguments": arguments},
            "optimiser": {"images": 24, "batch": 4},
            "loss": loss or {},
        },
        "test",
    )


def test_compiling_reaches_what_the_tasks_call(monkeypatch):
    reached = []

    def compile_nothing(module):
        reached.append(module)

    monkeypatch.setattr(torch.nn.Module, "compile", compile_nothing)
    model = build_model(tiny_run("efficient_fan").model, 68)
    assert compiled(model, EngineSettings(compile=True)) is model
    # The task calls model.stages, not the model: its backbone must be reached by itself.
    assert model.backbone in reached
    reached.clear()
    compiled(model, EngineSettings(compile=False))
    assert reached == []


def build_task(settings, model, teachers, landmarks):
    context = TaskContext(model, settings.loss, ibug_68, teachers, landmarks, torch.device("cpu"))
    return task_kind(settings.task).build(context)


def tiny_system_parts(folder, settings):
    """A run of a system on drawn noise, its teachers fresh networks of its own kind."""
    images, landmarks = tiny_faces()
    torch.manual_seed(settings.seed)
    model, average = (build_model(settings.model, 68) for _ in range(2))
    frozen = {role: build_model(settings.model, 68).eval() for role in settings.teachers}
    task = build_task(settings, model, frozen, landmarks)
    tensors = TensorPack(*(torch.from_numpy(part) for part in (images, landmarks, images[:3])), context=2.6)
    order = torch.from_numpy(ibug_68.mirror_order)
    return RunParts(
        settings,
        model,
        average,
        task,
        Augmenter(tensors, settings.augment, SIDE, settings.margin, order),
        torch.full((12,), 1 / 12),
        CropSet(images[:, :SIDE, :SIDE], landmarks / 2, ["face"] * 12, ["tiny"] * 12),
        folder,
    )


BOTH = {"tough": "a", "tolerant": "b"}
ONE = {"teacher": "a"}
RUNS = [
    (tiny_run("regression"), {"landmark", "presence"}),
    (tiny_run("regression", {"variance_share": 0.9}), {"landmark", "presence"}),
    (tiny_run("kd_net", teachers=BOTH), {"main", "assist_tough", "assist_tolerant", "presence"}),
    (
        tiny_run("kd_net", {"assist_tough": 0.0}, {"tolerant": "b"}),
        {"main", "assist_tolerant", "presence"},
    ),
    (tiny_run("star_swin"), {"star", "point", "edge", "presence"}),
    (
        tiny_run("star_swin", {"distill_map": 100.0, "peak": True}, ONE, fused_graph=True, decoder="nearest"),
        {"star", "point", "edge", "presence", "distill_map", "distill_norm"},
    ),
    (tiny_run("efficient_fan"), {"map", "coordinate", "presence"}),
    (
        tiny_run("efficient_fan", {"feature": 1.0, "patch": 10.0}, ONE),
        {"map", "coordinate", "presence", "feature", "patch"},
    ),
]


@pytest.mark.parametrize(("settings", "terms"), RUNS)
def test_every_task_gives_its_named_terms_and_a_gradient_to_every_weight(tmp_path, settings, terms):
    parts = tiny_system_parts(tmp_path, settings)
    batch = parts.augmenter.batch(torch.arange(8), torch.Generator().manual_seed(0))
    result = parts.task(batch)
    assert set(result.terms) == terms
    assert all(torch.isfinite(term) for term in result.terms.values())
    weighted = sum(getattr(settings.loss, name) * term for name, term in result.terms.items())
    assert float(result.loss.detach()) == pytest.approx(float(weighted.detach()), rel=1e-5)
    result.loss.backward()
    trained = [
        *parts.model.named_parameters(),
        *([] if parts.task.extra is None else parts.task.extra.named_parameters()),
    ]
    # A weight that no term reaches is computed for nothing.
    assert [name for name, weight in trained if weight.grad is None] == []


@pytest.mark.parametrize("settings", [RUNS[2][0], RUNS[5][0], RUNS[7][0]])
def test_a_taught_run_resumes_with_the_same_result_and_leaves_its_teachers_alone(tmp_path, settings):
    torch.manual_seed(0)
    Loop(tiny_system_parts(tmp_path / "whole", settings)).run()
    Loop(tiny_system_parts(tmp_path / "cut", settings)).run(stop_at=3)
    parts = tiny_system_parts(tmp_path / "cut", settings)
    teacher = getattr(parts.task, "teacher", None) or parts.task.teachers["tough"]
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    loop = Loop(parts)
    assert loop.step == 3
    loop.run()
    whole, cut = weights_of(tmp_path / "whole"), weights_of(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())


def test_a_star_student_begins_with_its_teachers_heads_where_they_fit(tmp_path):
    settings = RUNS[5][0]
    parts = tiny_system_parts(tmp_path, settings)
    assert torch.equal(parts.model.point.weight, parts.task.teacher.point.weight)


@pytest.mark.parametrize("hard_swish", [True, False])
def test_an_integral_nets_masses_tell_what_its_deployed_maps_tell(hard_swish):
    model = build_model(tiny_run("efficient_fan", hard_swish=hard_swish).model, 68).eval()
    with torch.no_grad():
        # A peak: the ground of an untrained map is all there is.
        model.heatmap.weight.mul_(30)
        image = torch.randn(2, 3, SIDE, SIDE)
        _, masses, _ = model.stages(image)
        raw, _ = model(image)
    told = landmarks_of(codec_of(model), raw, SIDE)
    assert torch.allclose(mass_expectation(masses, SIDE / masses.shape[2]), told, atol=0.02)
    assert (masses.amax((2, 3)) == 1).all() != hard_swish


def test_a_network_of_another_kind_is_refused():
    model = build_model(tiny_run("star_swin").model, 68)
    with pytest.raises(BadInputError, match="is AttentionNet, task kd_net wants CoordinateNet"):
        check_network(model, "kd_net", "teacher a")


@pytest.mark.parametrize(
    ("task", "loss", "teachers"),
    [
        ("star_swin", {"distill_map": 1.0}, {}),
        ("efficient_fan", {}, ONE),
        ("kd_net", {"assist_tough": 0.0}, BOTH),
    ],
)
def test_a_teacher_without_its_term_or_a_term_without_its_teacher_is_refused(task, loss, teachers):
    with pytest.raises(BadInputError, match="make both agree"):
        tiny_run(task, loss, teachers)


def test_a_soft_label_is_learnt_from_the_shape_model_of_the_training_faces(tmp_path):
    parts = tiny_system_parts(tmp_path, RUNS[1][0])
    _, landmarks = tiny_faces()
    soft = parts.task.shapes.soften(torch.from_numpy(landmarks)).numpy()
    # Noise of half a pixel a coordinate about one shape: the model keeps part of it and moves no point far.
    moved = np.linalg.norm(soft - landmarks, axis=2)
    assert 0 < moved.mean() < 1.5


@pytest.mark.parametrize(("task", "decoder"), [("star_swin", "decoder"), ("efficient_fan", "upsampling")])
def test_an_edge_student_takes_over_the_decoder_of_a_student_that_ships(tmp_path, task, decoder):
    settings = tiny_run(task, **{decoder: "pyramid", "width": [8, 6, 4]})
    settings = dataclasses.replace(settings, start="shipped")
    trunk = {key: PLAIN[key] for key in ("stem", "widths", "depths")}
    student = LandmarkStudent(68, **trunk, decoder=[8, 6, 4])
    (tmp_path / "shipped").mkdir()
    torch.save({"settings": {}, "weights": student.state_dict()}, tmp_path / "shipped" / "network.pt")
    begun = start_model(settings, tmp_path).state_dict()
    merges = {name: value for name, value in student.state_dict().items() if name.startswith("merges.")}
    assert len(merges) > 20
    assert all(torch.equal(begun[f"decoder.{name}"], value) for name, value in merges.items())
    assert torch.equal(begun["heatmap.weight"], student.heatmap.weight)


def test_only_the_pyramid_has_several_widths():
    with pytest.raises(BadInputError, match="has one number of channels, pyramid three"):
        build_model(tiny_run("efficient_fan", width=[8, 8, 8]).model, 68)


def test_the_published_run_files_carry_the_published_constants():
    swin = read_run(CONFIGS / "star_swin" / "published_teacher.toml").model.arguments
    assert swin["backbone_arguments"]["depths"] == [2, 2, 18, 2]
    kd_net = read_run(CONFIGS / "kd_net" / "published_student.toml")
    assert (kd_net.model.input_side, kd_net.optimiser.batch, kd_net.loss.weighting) == (224, 70, "published")
    optimiser = kd_net.optimiser
    assert (optimiser.kind, optimiser.schedule, optimiser.inverse_time) == ("adam", "inverse_time", 1e-4)
    fan = read_run(CONFIGS / "efficient_fan" / "published_teacher.toml")
    assert (fan.model.arguments["backbone_arguments"]["size"], fan.model.arguments["width"]) == ("b7", 256)
    assert (fan.optimiser.batch, fan.optimiser.milestones) == (8, (30 / 80, 50 / 80))
    for path in sorted(CONFIGS.glob("*/published_*.toml")):
        # A reduced row's frozen blocks or trunk would be nobody's publication.
        published = read_run(path)
        assert (published.start, published.optimiser.frozen_blocks) == ("", 0)
    # Sigma in cells: 1.5 pixels of 256 are 0.375 of the published map's 64 cells, whatever the input.
    assert (StarLoss().sigma_cells, IntegralLoss().sigma_cells) == (1.5 / 256 * 64, 2)


def one_step(settings, teachers):
    """Loss of a batch of two before and after one small step."""
    images, landmarks = tiny_faces(2, side=2 * settings.model.input_side)
    landmarks = landmarks / 64 * 2 * settings.model.input_side
    torch.manual_seed(0)
    model = build_model(settings.model, 68)
    task = build_task(settings, model, teachers, landmarks)
    tensors = TensorPack(*(torch.from_numpy(part) for part in (images, landmarks, images)), context=2.6)
    order = torch.from_numpy(ibug_68.mirror_order)
    augmenter = Augmenter(tensors, settings.augment, settings.model.input_side, settings.margin, order)
    batch = augmenter.batch(torch.arange(2), torch.Generator().manual_seed(0))
    result = task(batch)
    result.loss.backward()
    return result, model


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*/published_*.toml")), ids=lambda path: path.stem)
def test_every_published_size_takes_a_step(path):
    settings = read_run(path)
    published = {"tough": "published_tough", "tolerant": "published_tolerant", "teacher": "published_teacher"}
    made = {role: read_run(path.with_name(f"{published[role]}.toml")) for role in settings.teachers}
    teachers = {role: build_model(run.model, 68).eval().requires_grad_(False) for role, run in made.items()}
    result, model = one_step(settings, teachers)
    assert torch.isfinite(result.loss)
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_there_are_run_files_of_every_published_size():
    assert len(sorted(CONFIGS.glob("*/published_*.toml"))) == 7


def test_settings_of_a_system_survive_their_checkpoint():
    for settings, _ in RUNS:
        assert run_from_values(dataclasses.asdict(settings), "test") == settings


def test_a_run_begins_with_the_trunk_of_the_run_that_it_starts_from(tmp_path):
    settings = dataclasses.replace(RUNS[0][0], start="trunk")
    torch.manual_seed(9)
    student = LandmarkStudent(
        68, **{key: PLAIN[key] for key in ("stem", "widths", "depths")}, decoder=[4, 4, 4]
    )
    (tmp_path / "trunk").mkdir()
    torch.save({"settings": {}, "weights": student.state_dict()}, tmp_path / "trunk" / "network.pt")
    begun = start_model(settings, tmp_path)
    theirs = student.state_dict()
    trunk = {
        name: value for name, value in begun.backbone.state_dict().items() if not name.startswith("top.")
    }
    assert trunk
    assert all(torch.equal(theirs[name], value) for name, value in trunk.items())


def test_a_start_that_is_not_finished_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no checkpoint .*trunk.*network\.pt"):
        start_model(dataclasses.replace(RUNS[0][0], start="trunk"), tmp_path)
