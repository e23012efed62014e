import numpy as np

from training.peers.kept import Kept


def test_what_was_measured_is_not_measured_again(tmp_path):
    asked = []

    def measure():
        asked.append(1)
        return np.arange(3.0)

    for _ in range(2):
        kept = Kept(tmp_path, {"faces": 2})
        assert kept.array("a/b", measure).tolist() == [0, 1, 2]
    assert len(asked) == 1
    Kept(tmp_path, {"faces": 3}).array("a/b", measure)
    assert len(asked) == 2
    kept.clear()
    kept.array("a/b", measure)
    assert len(asked) == 3
