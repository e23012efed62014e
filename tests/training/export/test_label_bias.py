import numpy as np
import pytest

from training.export.label_bias import LabelBias, label_bias_table


def test_the_table_tells_set_bias_and_uncertainty():
    text = label_bias_table([LabelBias("300w", 600, 0.0039, 0.0002)])
    assert text.split() == ["300w", "+3.90", "/", "1000,", "+-", "0.20,", "600", "faces"]


@pytest.mark.data
def test_labels_moved_by_hand_are_biased_by_as_much(data_root, tmp_path, monkeypatch):
    from training.data.crops import CropSet
    from training.export import label_bias

    monkeypatch.setattr(label_bias, "MAX_FACES", 12)
    seen = []

    def level(model, crops):
        return seen[-1]

    def cut(faces, margin, side):
        points = np.tile(np.linspace(20, 100, 68)[None, :, None], (len(faces), 1, 2)).astype(np.float32)
        seen.append(points)
        return CropSet(
            np.zeros((len(faces), side, side, 3), np.uint8), points + np.float32([1.28, 5]), [], []
        )

    monkeypatch.setattr(label_bias, "cut_crops", cut)
    monkeypatch.setattr(label_bias, "predict_crops", level)
    settings = type("Settings", (), {"scheme": "ibug_68", "margin": 1.3})()
    settings.model = type("Model", (), {"input_side": 128})()
    settings.data = type("Data", (), {"sets": ("300w",)})()
    monkeypatch.setattr(label_bias, "load_network", lambda _: (None, settings))
    (found,) = label_bias.measure_label_bias(tmp_path, data_root)
    assert found.mean == pytest.approx(0.01, abs=1e-6)
    assert found.uncertainty == pytest.approx(0, abs=1e-6)
