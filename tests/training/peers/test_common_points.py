import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from tests.training.peers.made import knowing_peer
from training.peers.common_points import common_points, scheme_of
from training.peers.peer import five_of


def test_what_one_lacks_counts_for_none():
    peers = [knowing_peer("a", []), knowing_peer("b", [])]
    assert common_points(peers) == list(range(68))
    peers[1].looker.lacking = (60, 64)
    points = common_points(peers)
    scheme = scheme_of(points)
    assert scheme.count == 66
    names = [scheme.landmark_names[index] for index in (*scheme.outer_eye_corners, scheme.nose_tip)]
    assert names == ["right_eye_outer", "left_eye_outer", "nose_tip"]
    assert [scheme.landmark_names[index] for index in scheme.mouth_corners] == [
        "right_mouth_corner",
        "left_mouth_corner",
    ]
    assert len(scheme.groups["mouth"]) == 18
    assert all(
        scheme.landmark_names[first].replace("right", "left") == scheme.landmark_names[second]
        for first, second in scheme.swap_pairs
    )


def test_five_points_of_68():
    landmarks = np.column_stack([np.arange(68.0), np.zeros(68)])
    landmarks[[60, 64]] = np.nan
    assert five_of(landmarks)[:, 0] == pytest.approx([38.5, 44.5, 30, *ibug_68.mouth_corners])
