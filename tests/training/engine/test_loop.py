import dataclasses
import json

import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from training.data.augment import Augmenter, TensorPack, shrunk
from training.data.crops import CropSet
from training.engine.checkpoint import load_network, load_values, save_network
from training.engine.loop import Loop
from training.engine.optimiser import Average, learning_rate
from training.engine.run import start_model
from training.engine.run_file import run_from_values
from training.engine.run_parts import LoopOptions, RunParts
from training.engine.settings import OptimiserSettings
from training.engine.teachers import check_teachers, load_teachers, weak_teachers
from training.losses import heatmap as losses
from training.models import build_model
from training.models.committee import Committee
from training.models.landmark_student import LandmarkStudent
from training.tasks.distillation import DistillationTask, map_cross_entropy
from training.tasks.kd_net import KdNetLoss
from training.tasks.supervised import SupervisedTask

SIDE = 32


def tiny_settings(**optimiser):
    return run_from_values(
        {
            "name": "tiny",
            "model": {
                "family": "landmark_student",
                "input_side": SIDE,
                "arguments": {
                    "stem": 4,
                    "widths": [4, 4, 4, 8],
                    "depths": [0, 0, 0, 1],
                    "decoder": [4, 4, 4],
                },
            },
            "optimiser": {"images": 48, "batch": 4, **optimiser},
        },
        "test",
    )


def tiny_faces(count=12, side=64):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    # One shape, slightly varied: a network can at least learn where a face's points usually are.
    shape = rng.uniform(18, 46, (68, 2))
    return images, (shape + rng.normal(0, 0.5, (count, 68, 2))).astype(np.float32)


def tiny_parts(folder, settings=None):
    settings = settings or tiny_settings()
    images, landmarks = tiny_faces()
    pack = TensorPack(
        torch.from_numpy(images), torch.from_numpy(landmarks), torch.from_numpy(images[:3]), context=2.6
    )
    torch.manual_seed(settings.seed)
    model, average = (build_model(settings.model, 68) for _ in range(2))
    order = torch.from_numpy(ibug_68.mirror_order)
    validation = CropSet(images[:, :SIDE, :SIDE], landmarks / 2, ["face"] * 12, ["tiny"] * 12)
    return RunParts(
        settings,
        model,
        average,
        SupervisedTask(model, ibug_68, settings.loss),
        Augmenter(pack, settings.augment, SIDE, settings.margin, order),
        torch.full((12,), 1 / 12),
        validation,
        folder,
    )


def weights_of(folder):
    return torch.load(folder / "network.pt", weights_only=True)["weights"]


def test_a_killed_run_resumes_with_the_same_result(tmp_path):
    Loop(tiny_parts(tmp_path / "whole")).run()
    Loop(tiny_parts(tmp_path / "cut")).run(stop_at=5)
    assert not (tmp_path / "cut" / "network.pt").exists()
    # Rows logged after the checkpoint, as a kill leaves them, must not survive.
    with (tmp_path / "cut" / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 9, "images": 36, "loss_map": 99.0}) + "\n")
    resumed = Loop(tiny_parts(tmp_path / "cut"))
    assert resumed.step == 5
    resumed.run()
    whole, cut = weights_of(tmp_path / "whole"), weights_of(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert (tmp_path / "cut" / "log.jsonl").read_text() == (tmp_path / "whole" / "log.jsonl").read_text()


def test_a_run_cut_into_pieces_gives_the_same_result(tmp_path):
    Loop(tiny_parts(tmp_path / "whole")).run()
    pieces = 0
    while not (tmp_path / "cut" / "network.pt").exists():
        parts = tiny_parts(tmp_path / "cut")
        # No time at all: one step a piece.
        Loop(dataclasses.replace(parts, options=LoopOptions(stop_after_s=1e-9))).run()
        pieces += 1
    assert pieces == 12
    whole, cut = weights_of(tmp_path / "whole"), weights_of(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_a_run_leaves_its_network_log_and_pictures(tmp_path):
    nme = Loop(tiny_parts(tmp_path)).run()
    assert set(nme) == {"tiny"}
    model, settings = load_network(tmp_path / "network.pt")
    assert settings == tiny_settings()
    assert not model.training
    names = {path.name for path in tmp_path.iterdir()}
    files = {"checkpoint.pt", "network.pt", "log.jsonl", "curves.png", "predictions.png", "speed.json"}
    assert names == files | {"tensorboard"}


def test_a_short_run_is_not_evaluated_more_often_than_it_sees_as_many_faces(tmp_path):
    Loop(tiny_parts(tmp_path)).run()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    # 12 validation faces, 4 faces a step, 12 steps.
    assert [row["step"] for row in rows if "nme_tiny" in row] == [3, 6, 9, 12]


def test_a_finished_run_is_not_trained_again(tmp_path):
    Loop(tiny_parts(tmp_path)).run()
    before = (tmp_path / "log.jsonl").read_text()
    Loop(tiny_parts(tmp_path)).run()
    assert (tmp_path / "log.jsonl").read_text() == before


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    Loop(tiny_parts(tmp_path)).run(stop_at=2)
    with pytest.raises(BadInputError, match="made with other settings"):
        Loop(tiny_parts(tmp_path, tiny_settings(learning_rate=1e-4)))


def test_a_damaged_checkpoint_is_named(tmp_path):
    Loop(tiny_parts(tmp_path)).run(stop_at=2)
    (tmp_path / "checkpoint.pt").write_bytes(b"half of a check")
    with pytest.raises(BadInputError, match=r"checkpoint\.pt cannot be read"):
        Loop(tiny_parts(tmp_path))


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_its_batch(tmp_path):
    parts = tiny_parts(tmp_path)
    with torch.no_grad():
        parts.model.heatmap.weight.fill_(float("nan"))
    with pytest.raises(BadInputError, match="loss is NaN at step 0"):
        Loop(parts).run()
    saved = torch.load(tmp_path / "nan_batch.pt", weights_only=True)
    assert saved["image"].shape[1:] == (3, SIDE, SIDE)


def test_the_rate_rises_then_falls_to_nothing():
    settings = OptimiserSettings(images=3200, batch=32, learning_rate=1.0, warm_up=0.1)
    rates = [learning_rate(step, 100, settings) for step in range(100)]
    assert rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] < 1e-3


def test_the_average_is_the_weighted_sum_of_the_weights_so_far():
    settings = tiny_settings()
    model, twin = build_model(settings.model, 68), build_model(settings.model, 68)
    average = Average(model, twin, decay=0.5)
    weight = model.heatmap.weight
    with torch.no_grad():
        weight.fill_(1.0)
        average.average.heatmap.weight.fill_(0.0)
        average.update(step=1000)
        weight.fill_(3.0)
        average.update(step=1001)
    assert torch.allclose(twin.heatmap.weight, torch.full_like(weight, 0.5 * 0.5 * 1 + 0.5 * 3))


def test_a_frozen_teacher_is_not_changed_by_its_students_training(tmp_path):
    parts = tiny_parts(tmp_path)
    teacher = build_model(parts.settings.model, 68)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    task = DistillationTask(parts.model, teacher, ibug_68, parts.settings.loss)
    batch = parts.augmenter.batch(torch.arange(4), torch.Generator().manual_seed(0))
    result = task(batch)
    result.loss.backward()
    assert set(result.terms) == {"coordinate", "map", "presence", "distill_map", "distill_coordinate"}
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())
    assert all(weight.grad is None for weight in teacher.parameters())


def test_a_teachers_larger_maps_tell_the_same_places():
    """A teacher that puts each landmark's mass where the crop has it teaches the student the same place."""
    torch.manual_seed(0)
    image, landmarks = torch.rand(2, 3, 96, 96), torch.rand(2, 5, 2) * 60 + 18
    small, points = shrunk(image, landmarks, 64)
    assert small.shape == (2, 3, 64, 64)
    # A corner of the picture, half a pixel outside the first pixel's middle, stays a corner.
    assert shrunk(image, torch.tensor([[[-0.5, 95.5]]]), 64)[1].tolist() == [[[-0.5, 63.5]]]
    maps = torch.stack([peaks(places, 24, 4.0) for places in landmarks])
    assert torch.allclose(losses.expectation(maps, 64 / 24), points, atol=0.05)
    found = torch.stack([peaks(places, 16, 4.0) for places in points])
    wrong = found.roll(2, dims=3)
    assert (map_cross_entropy(found, maps) < map_cross_entropy(wrong, maps)).all()


def test_a_teacher_sees_the_crops_larger_and_as_they_were(tmp_path):
    parts = tiny_parts(tmp_path)
    plain, side = parts.augmenter, parts.augmenter.crop_side
    settings = dataclasses.replace(plain.settings, colour=1.0, noise=1.0)
    wide = Augmenter(plain.pack, settings, side, 1.3, plain.mirror_order, view_side=2 * side)
    batch = wide.batch(torch.arange(6), torch.Generator().manual_seed(3))
    assert batch.view.shape == (len(batch.image), 3, 2 * side, 2 * side)
    calm = dataclasses.replace(
        settings, colour=0.0, grey=0.0, blur=0.0, coarse=0.0, noise=0.0, occlusion=0.0, cheap=0.0
    )
    clean = Augmenter(plain.pack, calm, side, 1.3, plain.mirror_order, view_side=2 * side)
    untouched = clean.batch(torch.arange(6), torch.Generator().manual_seed(3))
    assert torch.equal(batch.view, untouched.view)
    assert torch.equal(batch.landmarks, untouched.landmarks)
    assert (batch.image - untouched.image).abs().mean() > 0.02
    assert torch.allclose(shrunk(batch.view, batch.landmarks, side)[0], untouched.image, atol=0.02)


def peaks(points, cells, stride):
    """(K, cells, cells) logits of a Gaussian of 1.5 cells about each point, crop pixels."""
    centres = losses.cell_centres(cells, stride, points)
    away = (centres[None, None, :] - points[:, 0, None, None]) ** 2 + (
        centres[None, :, None] - points[:, 1, None, None]
    ) ** 2
    return -away / (2 * (1.5 * stride) ** 2)


def test_a_label_that_is_not_known_teaches_nothing(tmp_path):
    parts = tiny_parts(tmp_path)
    batch = parts.augmenter.batch(torch.arange(6), torch.Generator().manual_seed(7))
    known = torch.ones(len(batch.image), 68)
    known[:, :17] = 0
    moved = batch.landmarks.clone()
    moved[:, :17] += 5.0
    told, wrong = (
        parts.task(dataclasses.replace(batch, known=known, landmarks=landmarks)).terms
        for landmarks in (batch.landmarks, moved)
    )
    assert told == wrong
    everywhere = [
        parts.task(dataclasses.replace(batch, landmarks=each)).terms for each in (batch.landmarks, moved)
    ]
    assert everywhere[0]["coordinate"] != everywhere[1]["coordinate"]


def test_training_lowers_the_error_on_the_faces_trained_on(tmp_path):
    parts = tiny_parts(tmp_path, tiny_settings(images=480, learning_rate=6e-3))
    batch = parts.augmenter.batch(torch.arange(12), torch.Generator().manual_seed(7))
    before = parts.task(batch).terms["coordinate"].detach()
    loop = Loop(parts)
    for loop.step in range(120):
        loop.train_step()
    assert parts.task(batch).terms["coordinate"].detach() < 0.9 * before


def test_a_run_starts_from_a_finished_runs_network(tmp_path):
    Loop(tiny_parts(tmp_path / "tiny")).run()
    begun = start_model(dataclasses.replace(tiny_settings(), name="next", start="tiny"), tmp_path)
    finished = weights_of(tmp_path / "tiny")
    assert all(torch.equal(value, begun.state_dict()[name]) for name, value in finished.items())


def test_a_run_of_another_input_is_a_start_and_one_of_another_family_is_not(tmp_path):
    Loop(tiny_parts(tmp_path / "tiny")).run()
    settings = tiny_settings()
    larger = dataclasses.replace(settings.model, input_side=2 * SIDE)
    begun = start_model(dataclasses.replace(settings, start="tiny", model=larger), tmp_path)
    finished = weights_of(tmp_path / "tiny")
    assert all(torch.equal(value, begun.state_dict()[name]) for name, value in finished.items())
    values = torch.load(tmp_path / "tiny" / "network.pt", weights_only=True)
    values["settings"]["scheme"] = "cofw_29"
    torch.save(values, tmp_path / "tiny" / "network.pt")
    with pytest.raises(BadInputError):
        start_model(dataclasses.replace(settings, start="tiny"), tmp_path)


def test_a_larger_network_of_coordinates_begins_with_the_answers_of_the_smaller_one(tmp_path):
    sizes = {"stem": 4, "widths": [8, 8, 16, 24], "depths": [1, 1, 1, 1], "top": 32}
    model = {"family": "coordinate_net", "input_side": 64}
    model["arguments"] = {"backbone": "plain", "backbone_arguments": sizes}
    values = {"name": "small", "task": "regression", "model": model, "optimiser": {"images": 4}}
    settings = run_from_values(values, "test")
    small = build_model(settings.model, 68).eval()
    torch.nn.init.normal_(small.coordinates.weight)
    save_network(small, settings, {}, tmp_path / "small" / "network.pt")
    wider = sizes | {"widths": [16, 16, 24, 32], "depths": [1, 2, 1, 2]}
    arguments = {"backbone": "plain", "backbone_arguments": wider}
    model = dataclasses.replace(settings.model, arguments=arguments)
    large = start_model(dataclasses.replace(settings, start="small", model=model), tmp_path).eval()
    image = torch.rand(2, 3, 64, 64)
    assert torch.allclose(large(image)[0], small(image)[0], atol=1e-4)
    assert large.backbone.widths[:-1] == wider["widths"]


def test_a_committee_is_the_mixture_of_its_members():
    torch.manual_seed(2)
    maps = [torch.randn(2, 3, 8, 8) * 4 for _ in range(2)]

    class Says(torch.nn.Module):
        def __init__(self, maps, presence):
            super().__init__()
            self.maps, self.presence = maps, torch.full((2, 1), presence)

        def forward(self, image):
            return self.maps, self.presence

    told, presence = Committee([Says(maps[0], 1.0), Says(maps[1], 3.0)], [32, 32])(torch.zeros(2, 3, 32, 32))
    each = [losses.expectation(one, 4.0) for one in maps]
    assert torch.allclose(losses.expectation(told, 4.0), (each[0] + each[1]) / 2, atol=1e-4)
    masses = [one.flatten(2).softmax(2) for one in maps]
    assert torch.allclose(told.flatten(2).softmax(2), (masses[0] + masses[1]) / 2, atol=1e-6)
    assert presence.tolist() == [[2.0], [2.0]]


def test_a_member_of_a_smaller_input_sees_the_crop_shrunk_and_tells_the_same_places():
    image = torch.rand(1, 3, 96, 96)
    points = torch.tensor([[30.0, 52.0], [61.0, 40.0]])
    seen = {}

    class Tells(torch.nn.Module):
        def forward(self, image):
            side = seen[image.shape[2]] = image.shape[2]
            places = (points + 0.5) * (side / 96) - 0.5
            return peaks(places, side // 4, 4.0)[None], torch.zeros(1, 1)

    told, _ = Committee([Tells(), Tells()], [64, 96])(image)
    assert (sorted(seen), told.shape) == ([64, 96], (1, 2, 24, 24))
    assert torch.allclose(losses.expectation(told, 4.0)[0], points, atol=0.1)


def test_several_teachers_teach_together_and_such_as_see_less_are_refused(tmp_path):
    Loop(tiny_parts(tmp_path / "one")).run()
    values = load_values(tmp_path / "one" / "network.pt")
    values["settings"]["model"]["input_side"] *= 2
    (tmp_path / "larger").mkdir()
    torch.save(values, tmp_path / "larger" / "network.pt")
    cpu = torch.device("cpu")

    def taught(*teachers, **changes):
        loss = dataclasses.replace(tiny_settings().loss, distill_coordinate=1.0)
        task = {"task": "distillation", "teachers": {"teacher": teachers}}
        return dataclasses.replace(tiny_settings(), loss=loss, **task, **changes)

    assert isinstance(load_teachers(taught("one"), tmp_path, cpu).networks["teacher"], LandmarkStudent)
    together = load_teachers(taught("one", "larger"), tmp_path, cpu)
    assert (together.side, together.networks["teacher"].sides) == (2 * SIDE, (SIDE, 2 * SIDE))
    wide = dataclasses.replace(tiny_settings().model, input_side=2 * SIDE)
    with pytest.raises(BadInputError, match=f"has input {SIDE}, wanted {2 * SIDE} or more"):
        load_teachers(taught("one", model=wide), tmp_path, cpu)
    with pytest.raises(BadInputError, match="no checkpoint"):
        load_teachers(taught("one", "gone"), tmp_path, cpu)
    with pytest.raises(BadInputError, match="has scheme ibug_68, wanted wflw_98"):
        load_teachers(taught("one", scheme="wflw_98"), tmp_path, cpu)


def test_frozen_norms_learn_everything_but_their_statistics(tmp_path):
    for frozen in (False, True):
        parts = tiny_parts(tmp_path / str(frozen), tiny_settings(frozen_norms=frozen))
        before = {name: value.clone() for name, value in parts.model.state_dict().items()}
        Loop(parts).run(stop_at=1)
        moved = {name for name, value in parts.model.state_dict().items() if not value.equal(before[name])}
        assert any(name.endswith("running_var") for name in moved) is not frozen
        assert any(name.endswith("weight") for name in moved)


def test_frozen_blocks_stay_as_they_began_with_their_statistics(tmp_path):
    parts = tiny_parts(tmp_path, tiny_settings(frozen_blocks=2))
    before = {name: value.clone() for name, value in parts.model.state_dict().items()}
    Loop(parts).run()
    after = parts.model.state_dict()
    frozen = ("stem.", "stages.0.", "stages.1.")
    assert all(torch.equal(after[name], before[name]) for name in after if name.startswith(frozen))
    assert not torch.equal(after["stages.2.0.0.weight"], before["stages.2.0.0.weight"])
    assert not torch.equal(after["stages.2.0.1.running_mean"], before["stages.2.0.1.running_mean"])


def test_more_frozen_blocks_than_a_trunk_has_are_refused(tmp_path):
    with pytest.raises(BadInputError, match="frozen_blocks is 5, the network's trunk has 4 blocks"):
        Loop(tiny_parts(tmp_path, tiny_settings(frozen_blocks=5)))


def finished(folder, nme, settings=None, **figures):
    """A finished run of which only the recorded figures count, and its settings where they are given."""
    folder.mkdir()
    metrics = {"nme_300w": nme, **figures}
    torch.save({"settings": settings or {}, "weights": {}, "metrics": metrics}, folder / "network.pt")


def test_a_teacher_worse_than_what_it_is_to_teach_is_refused(tmp_path):
    begun = {"nme_300w": 0.0400, "nme_youtube_faces": 0.02}
    finished(tmp_path / "good", 0.0390, nme_youtube_faces=0.03)
    finished(tmp_path / "weak", 0.0410, nme_youtube_faces=0.01)
    loss = dataclasses.replace(tiny_settings().loss, distill_map=1.0)

    def run(*teachers):
        teachers_by_role = {"teacher": teachers}
        return dataclasses.replace(tiny_settings(), task="distillation", teachers=teachers_by_role, loss=loss)

    # The hand-made labels of 300-W decide, and of several teachers the best.
    check_teachers(run("good"), tmp_path, begun)
    check_teachers(run("weak", "good"), tmp_path, begun)
    with pytest.raises(BadInputError, match=r"weak \(4.10 % NME\) is worse than what .* \(4.00 %\)"):
        check_teachers(run("weak"), tmp_path, begun)
    # Networks that were validated on different sets cannot be compared.
    check_teachers(run("weak"), tmp_path, {"nme_drawn": 0.01})


@pytest.mark.parametrize(("share", "refused"), [(0.9, False), (0.0, True)])
def test_a_teacher_of_smoothed_labels_is_not_judged_by_the_labels_themselves(tmp_path, share, refused):
    """KD-Net's tolerant teacher: however good, its shape model keeps it from some labels."""
    finished(tmp_path / "tough", 0.0390)
    finished(tmp_path / "tolerant", 0.0460, {"loss": {"variance_share": share}})
    roles = {"tough": ("tough",), "tolerant": ("tolerant",)}
    settings = dataclasses.replace(tiny_settings(), task="kd_net", teachers=roles, loss=KdNetLoss())
    weak = weak_teachers(settings, tmp_path, "it", {"nme_300w": 0.0400})
    assert weak == (["tolerant tolerant (4.60 % NME) is worse than it (4.00 %)"] if refused else [])
