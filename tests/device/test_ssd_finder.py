import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError
from device.ssd_finder import EDGETPU_MARK, SSD_TO_LANDMARKS, SsdFinder, load_ssd

POST = "TFLite_Detection_PostProcess"


class FakeSsd:
    """An interpreter that gives the rows it was told, and keeps the picture it was shown."""

    def __init__(self, rows, outputs=None, taken=(1, 8, 10, 3), dtype=np.uint8):
        self.taken, self.dtype = taken, dtype
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

    def set_tensor(self, index, values):
        assert (index, values.shape, values.dtype) == (99, self.taken, self.dtype)
        self.shown = values

    def invoke(self):
        pass

    def get_tensor(self, index):
        return list(self.tensors.values())[index]


def test_rows_become_landmark_boxes_in_frame_pixels_best_first():
    rows = [(0.25, 0.5, 0.75, 0.75, 0.6), (0.0, 0.0, 0.5, 0.5, 0.9), (0.1, 0.1, 0.2, 0.2, 0.3)]
    faces = SsdFinder(FakeSsd(rows)).find(np.zeros((100, 200, 3), np.uint8))
    assert [face.score for face in faces] == pytest.approx([0.9, 0.6])
    # The second row covers x 100..150 and y 25..75 by outer edges: pixel centres half a pixel less.
    middle_x, middle_y, share_x, share_y = SSD_TO_LANDMARKS
    assert faces[1].box.center_xy == pytest.approx((99.5 + middle_x * 50, 24.5 + middle_y * 50))
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
        load_ssd(tmp_path / "gone.tflite")
    (tmp_path / "bad.tflite").write_bytes(b"nothing of the sort")
    with pytest.raises(BadInputError, match="cannot be loaded"):
        load_ssd(tmp_path / "bad.tflite")


# The runtime's own half-made delegate complains when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_file_for_the_edge_tpu_without_one_says_what_is_missing(tmp_path):
    (tmp_path / "face_edgetpu.tflite").write_bytes(b"TFL3" + EDGETPU_MARK)
    with pytest.raises(MissingOutsideError, match="compiled for an Edge TPU"):
        load_ssd(tmp_path / "face_edgetpu.tflite")
