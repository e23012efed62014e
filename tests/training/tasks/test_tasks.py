"""Terms that a run file may ask for beside the usual ones."""

import dataclasses

import pytest
import torch
from torch import nn

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from training.data.augment import Batch
from training.engine.faces import asked_faces, known_labels
from training.losses import heatmap as losses
from training.models import ModelSettings, build_model
from training.models.committee import Committee
from training.tasks.distillation import DistillationTask, certainty
from training.tasks.supervised import LossSettings, SupervisedTask

SIDE = 32
STUDENT = {"stem": 4, "widths": [4, 4, 4, 8], "depths": [0, 0, 0, 1], "decoder": [4, 4, 4]}
MODEL = ModelSettings("landmark_student", SIDE, STUDENT)


def a_batch(faces=3):
    landmarks = torch.rand(faces, 68, 2) * 20 + 6
    return Batch(torch.rand(faces, 3, SIDE, SIDE) - 0.5, landmarks, torch.ones(faces))


class Draws(nn.Module):
    """Answers any crop with one peak for each point (68, 2), crop pixels; a mirrored crop with others."""

    def __init__(self, points, mirrored, image):
        super().__init__()
        self.answers, self.image = (points, mirrored), image

    def forward(self, image):
        points = self.answers[0] if torch.equal(image, self.image) else self.answers[1]
        cells = losses.cell_centres(SIDE // 4, 4.0, image)
        x, y = (-0.5 * ((cells - points[:, i : i + 1]) / 4.0) ** 2 for i in (0, 1))
        maps = y[:, :, None] + x[:, None, :]
        return maps.expand(len(image), -1, -1, -1), torch.zeros(len(image), 1)


def test_the_mirror_term_is_how_far_two_answers_to_one_face_lie_apart():
    batch = a_batch()
    points = torch.rand(68, 2) * 8 + 12
    mirrored = points[list(ibug_68.mirror_order)]
    mirrored = torch.stack([SIDE - 1 - mirrored[:, 0], mirrored[:, 1]], dim=1)
    moved = mirrored.clone()
    moved[ibug_68.mirror_order[33], 1] += 3.0

    def gap(told):
        task = SupervisedTask(Draws(points, told, batch.image), ibug_68, LossSettings(mirror=1.0))
        return task.mirror_gap(losses.expectation(task.model(batch.image)[0], 4.0), batch)

    assert gap(mirrored).max() < 0.02
    # Labels have a bias to one side, so what all points share is no fault.
    assert gap(mirrored + torch.tensor([1.0, 0.0])).max() < 0.15
    assert gap(moved)[:, 33] == pytest.approx(torch.full((3,), 3.0), abs=0.3)


def test_a_teacher_is_believed_where_its_map_is_narrow():
    cells = losses.cell_centres(16, 4.0, torch.zeros(1))
    wide, narrow = (-0.5 * ((cells - 31.5) / sigma) ** 2 for sigma in (8.0, 4.0))
    maps = torch.stack([row[:, None] + row[None, :] for row in (narrow, wide)])[None]
    weight = certainty(maps, power=1.0)[0]
    assert weight.mean() == pytest.approx(1.0)
    assert weight[0] / weight[1] == pytest.approx(2.0, rel=0.1)


def test_features_like_the_teachers_cost_nothing_and_others_something():
    torch.manual_seed(0)
    settings = LossSettings(distill_feature=1.0, distill_patch=1.0, star=0.1)
    student, batch = build_model(MODEL, 68).eval(), a_batch()
    alike = DistillationTask(student, build_model(MODEL, 68), ibug_68, settings)
    alike.teacher.load_state_dict(student.state_dict())
    terms = alike(batch).terms
    assert {"star", "distill_feature", "distill_patch"} <= set(terms)
    assert terms["distill_feature"] == 0
    assert terms["distill_patch"].item() == pytest.approx(0, abs=1e-6)
    other = DistillationTask(student, build_model(MODEL, 68), ibug_68, settings)(batch).terms
    assert min(other["distill_feature"], other["distill_patch"]) > 1e-5


def test_a_larger_teachers_features_are_brought_to_the_students_size():
    settings = LossSettings(distill_feature=1.0)
    task = DistillationTask(build_model(MODEL, 68), build_model(MODEL, 68), ibug_68, settings)
    batch = dataclasses.replace(a_batch(), view=torch.rand(3, 3, 2 * SIDE, 2 * SIDE))
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            assert torch.isfinite(task(batch).loss)


def test_features_are_compared_with_one_teacher_of_their_own_number():
    def task(teacher, **loss):
        return DistillationTask(build_model(MODEL, 68), teacher, ibug_68, LossSettings(**loss))

    same = build_model(MODEL, 68)
    wider = build_model(ModelSettings("landmark_student", SIDE, {**STUDENT, "decoder": [4, 4, 8]}), 68)
    task(same, distill_patch=1.0)
    for teacher in (wider, Committee([same, same], [SIDE, SIDE])):
        with pytest.raises(BadInputError, match="wants one teacher whose decoder ends as the student's"):
            task(teacher, distill_patch=1.0)
        task(teacher, distill_map=1.0)


def test_a_teacher_is_not_asked_about_a_set_whose_labels_are_enough():
    torch.manual_seed(0)
    model, teacher = build_model(MODEL, 68), build_model(MODEL, 68)
    task = DistillationTask(model, teacher, ibug_68, LossSettings(distill_map=1.0, distill_coordinate=1.0))
    batch = a_batch()

    def taught(**asked):
        terms = task(dataclasses.replace(batch, **asked)).terms
        return [float(terms[name].detach()) for name in ("distill_map", "distill_coordinate", "coordinate")]

    alone = dataclasses.replace(
        batch, image=batch.image[:1], landmarks=batch.landmarks[:1], face=batch.face[:1]
    )
    of_first = taught(asked=torch.tensor([1.0, 0.0, 0.0]))
    model.eval()  # of one crop BatchNorm knows no statistics
    assert taught(asked=torch.ones(3)) == taught()
    assert taught(asked=torch.tensor([1.0, 0.0, 0.0]))[:2] == pytest.approx(
        [float(task(alone).terms[name].detach()) for name in ("distill_map", "distill_coordinate")], rel=1e-4
    )
    assert taught(asked=torch.zeros(3))[:2] == [0.0, 0.0]
    assert of_first[2] > 0  # the labels are learnt as before


def test_faces_of_named_sets_are_not_asked_about():
    assert asked_faces(["300w", "rendered", "300w"], ["rendered"]).tolist() == [1.0, 0.0, 1.0]
    assert asked_faces(["300w"], []) is None
    with pytest.raises(BadInputError, match="labels_only names 'renderd'"):
        asked_faces(["300w", "rendered"], ["renderd"])


def test_labels_of_a_set_that_is_only_taught_are_not_learnt():
    sources = ["300w", "youtube_faces", "turned"]
    known = known_labels(sources, ibug_68, ["youtube_faces"])
    assert known.mean(1).tolist() == pytest.approx([1.0, 0.0, 51 / 68])
    assert known_labels(["300w", "youtube_faces"], ibug_68) is None
    with pytest.raises(BadInputError, match="taught_only names 'youtube-faces'"):
        known_labels(sources, ibug_68, ["youtube-faces"])
