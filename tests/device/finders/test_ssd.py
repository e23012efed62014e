import time

import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError
from device.finders.open import open_finder
from device.finders.ssd import EDGETPU_MARK, SSD_TO_LANDMARKS, SsdFinder
from device.inference import fallback as accelerated
from device.inference.engine import NetworkEngine, remote_opener
from device.inference.remote import AcceleratorError, open_remotely
from device.inference.settings import BudgetSettings, InferenceSettings
from device.sources.demo_photo import load_photo
from device.support.condition import State

POST = "TFLite_Detection_PostProcess"


class FakeSsd:
    """An interpreter that gives the rows it was told, and keeps the picture it was shown."""

    def __init__(self, rows, outputs=None, taken=(1, 8, 10, 3), dtype=np.uint8):
        self.taken, self.dtype = taken, dtype
        self.shown = np.zeros(taken, dtype)
        boxes = np.array([row[:4] for row in rows], np.float32)[None]
        scores = np.array([row[4] for row in rows], np.float32)[None]
        # Two rows beyond the count hold rubbish, as the operator leaves them.
        boxes = np.concatenate([boxes, np.ones((1, 2, 4), np.float32)], axis=1)
        scores = np.concatenate([scores, np.ones((1, 2), np.float32)], axis=1)
        self.tensors = outputs or {
            POST: boxes,
            f"{POST}:1": np.zeros_like(scores),
            f"{POST}:2": scores,
            f"{POST}:3": np.array([len(rows)], np.float32),
        }

    def get_input_details(self):
        return [{"name": "image", "index": 99, "shape": np.array(self.taken), "dtype": self.dtype}]

    def get_output_details(self):
        return [
            {"name": name, "index": index, "shape": np.array(values.shape)}
            for index, (name, values) in enumerate(self.tensors.items())
        ]

    def tensor(self, index):
        return lambda: self.shown if index == 99 else list(self.tensors.values())[index]

    def invoke(self):
        pass


def test_rows_become_landmark_boxes_in_frame_pixels_best_first():
    rows = [(0.25, 0.5, 0.75, 0.75, 0.6), (0.0, 0.0, 0.5, 0.5, 0.9), (0.1, 0.1, 0.2, 0.2, 0.3)]
    faces = SsdFinder(FakeSsd(rows)).find(np.zeros((100, 200, 3), np.uint8))
    assert [face.score for face in faces] == pytest.approx([0.9, 0.6])
    # The second row covers x 100..150 and y 25..75 by outer edges: pixel centres half a pixel less.
    middle_x, middle_y, share_x, share_y = SSD_TO_LANDMARKS
    assert faces[1].box.centre_xy == pytest.approx((99.5 + middle_x * 50, 24.5 + middle_y * 50))
    assert (faces[1].box.width, faces[1].box.height) == pytest.approx((share_x * 50, share_y * 50))


def test_the_model_is_shown_red_first():
    model = FakeSsd([(0, 0, 1, 1, 0.9)])
    image = np.zeros((30, 30, 3), np.uint8)
    image[:, :, 2] = 200
    SsdFinder(model).find(image)
    assert model.shown[0, 4, 4].tolist() == [200, 0, 0]


def test_no_row_is_no_face():
    assert SsdFinder(FakeSsd([(0, 0, 1, 1, 0.1)])).find(np.zeros((9, 9, 3), np.uint8)) == []


def test_other_inputs_and_outputs_are_refused():
    with pytest.raises(BadInputError, match="wanted uint8"):
        SsdFinder(FakeSsd([(0, 0, 1, 1, 0.9)], dtype=np.float32))
    outputs = {"maps": np.zeros((1, 4, 4, 8)), "more": np.zeros((1, 3))}
    with pytest.raises(BadInputError, match="TFLite_Detection_PostProcess"):
        SsdFinder(FakeSsd([(0, 0, 1, 1, 0.9)], outputs))


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no SSD model at .*gone\.tflite"):
        open_finder(f"ssd:{tmp_path / 'gone.tflite'}")
    (tmp_path / "bad.tflite").write_bytes(b"nothing of the sort")
    with pytest.raises(BadInputError, match=r"cannot be loaded .* give an SSD face model"):
        open_finder(f"ssd:{tmp_path / 'bad.tflite'}")


@pytest.fixture
def compiled(tmp_path):
    model = tmp_path / "face_edgetpu.tflite"
    model.write_bytes(b"TFL3" + EDGETPU_MARK)
    return model


class FakeRemote(FakeSsd):
    """One on an accelerator, which fails when it is told to."""

    fails = False

    def invoke(self):
        if self.fails:
            raise AcceleratorError("the accelerator's process died of SIGSEGV")


def test_a_file_for_the_edge_tpu_without_one_is_replaced_by_the_shipped_finder_and_says_why(compiled, caplog):
    finder = open_finder(f"ssd:{compiled}", 1, open_remotely("/nowhere/libedgetpu.so.1"))
    assert "finder face_edgetpu.tflite runs on the CPU: /nowhere/libedgetpu.so.1 does not load" in caplog.text
    assert finder.condition.state is State.DEGRADED
    photo = load_photo()
    assert len(finder.find(photo)) == 1
    finder.close()


def test_an_accelerator_that_fails_in_the_middle_costs_no_face_and_comes_back(compiled, monkeypatch):
    monkeypatch.setattr(accelerated, "FIRST_BACK_OFF_SECONDS", 0.05)
    opened = []

    def open_remote(model, threads):
        assert (model, threads) == (compiled, 2)
        opened.append(FakeRemote([(0.25, 0.25, 0.75, 0.75, 0.875)]))
        return opened[-1]

    finder, photo = open_finder(f"ssd:{compiled}", 2, open_remote), load_photo()
    assert [face.score for face in finder.find(photo)] == [0.875]
    opened[0].fails = True
    (face,) = finder.find(photo)
    assert face.score != 0.875
    assert finder.condition.reason == "on the CPU: the accelerator's process died of SIGSEGV"
    deadline = time.monotonic() + 5
    while finder.condition.state is not State.OK:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        finder.find(photo)
    assert len(opened) == 2
    assert [face.score for face in finder.find(photo)] == [0.875]
    finder.close()


def test_a_file_for_the_edge_tpu_is_refused_where_none_may_be_used(compiled):
    settings = InferenceSettings(accelerator="cpu")
    with pytest.raises(MissingOutsideError, match=r"inference\.accelerator is cpu"):
        open_finder(f"ssd:{compiled}", 1, remote_opener(settings))


def test_the_engine_tells_the_finders_fallback_and_ends_it(compiled):
    engine = NetworkEngine("tiny", InferenceSettings(), BudgetSettings())
    finder = open_finder(f"ssd:{compiled}", 1, open_remotely("/nowhere/libedgetpu.so.1"))
    assert engine.inference.state is State.OK
    engine.attach_finder(finder)
    assert "/nowhere/libedgetpu.so.1" in engine.inference.reason
    engine.close()
