"""Whether a model serves everybody alike, on a made copy of FairFace's folder."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.finders.open import open_finder
from training.report.fairness import MIN_FACES, fairness_rows, measure_fairness, read_groups

ROOT = Path(__file__).parents[3]
FACE = ROOT / "device/assets/demo_face.jpg"
MODEL = ROOT / "device/models/small/student.tflite"
SIZE_WH = (224, 224)
"""Of FairFace's pictures."""
HEADER = "name,yaw,pitch,roll,race,gender,age\n"


def write_photographs(folder: Path) -> None:
    """A drawn face as often as a group needs it, then as many pictures of bare ground, of another group."""
    face = cv2.resize(cv2.imread(str(FACE)), SIZE_WH, interpolation=cv2.INTER_AREA)
    rows = []
    for number in range(MIN_FACES):
        cv2.imwrite(str(folder / f"face_{number}.jpg"), face)
        cv2.imwrite(str(folder / f"ground_{number}.jpg"), np.full((96, 96, 3), 90, np.uint8))
        rows += [f"face_{number}.jpg,0,0,0,A,Female,Oct-19", f"ground_{number}.jpg,0,0,0,B,Male,3-9"]
    (folder / "list.csv").write_text(HEADER + "\n".join(rows) + "\n")


def test_groups_are_measured_and_told_apart(tmp_path: Path) -> None:
    write_photographs(tmp_path)
    everybody, *groups = measure_fairness(MODEL, open_finder("trained:"), tmp_path)
    by_name = {group.name: group for group in groups}
    assert list(by_name) == ["A", "B", "Female", "Male", "3-9", "10-19"]
    assert (everybody.count, everybody.missed.mean) == (2 * MIN_FACES, 0.5)
    assert (by_name["A"].missed.mean, by_name["B"].missed.mean) == (0, 1)
    assert by_name["A"].presence.mean > 0.9
    assert by_name["10-19"].disagree.mean == 0
    rows = {row.split(" | ")[1]: row for row in fairness_rows([everybody, *groups])}
    assert "100.00 [100.00, 100.00] *" in rows["B"]
    assert "*" not in rows["all"]


def test_groups_too_small_to_say_anything_are_left_out(tmp_path: Path) -> None:
    write_photographs(tmp_path)
    groups = measure_fairness(MODEL, open_finder("trained:"), tmp_path, count=MIN_FACES)
    assert [group.name for group in groups] == ["all"]


@pytest.mark.parametrize(("text", "said"), [(None, "list.csv"), ("name,race\na.jpg,A\n", "age, gender")])
def test_a_folder_that_is_not_fairface_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "list.csv").write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_groups(tmp_path)
