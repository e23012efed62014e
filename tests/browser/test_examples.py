"""The examples that are pages, served from elsewhere as their developers would, in a real browser."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from tests.browser.conftest import wait_for
from tests.browser.faces import HEIGHT, LANDMARKS, WIDTH, a_pose, frame_message, turn
from tests.browser.test_page import Player, farthest_from_nearest
from tests.conftest import ROOT


class Files(SimpleHTTPRequestHandler):
    """Files of the examples, with three.js where `npm install` would have put it."""

    def translate_path(self, path):
        _, found, rest = path.partition("/three/node_modules/")
        if found:
            return str(ROOT / "device" / "web" / "client" / "node_modules" / rest)
        return super().translate_path(path)

    def log_message(self, *_):
        pass


@contextmanager
def served_examples():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=ROOT / "examples"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def elsewhere():
    with served_examples() as address:
        yield address


def canvas_picture(tab):
    return cv2.imdecode(np.frombuffer(tab.page.locator("canvas").screenshot(), np.uint8), cv2.IMREAD_COLOR)


def dark_spots(picture):
    _, _, _, middles = cv2.connectedComponentsWithStats((picture.max(axis=2) < 128).astype(np.uint8))
    return middles[1:]


def test_the_plain_canvas_shows_the_landmarks_where_they_are(stream, tab, elsewhere):
    served, view = stream(f"origin={elsewhere}"), tab()
    with Player(served):
        view.open(f"{elsewhere}/canvas/?device=127.0.0.1:{served.sink.port}")
        wait_for(lambda: len(dark_spots(canvas_picture(view))) == 68)
        assert farthest_from_nearest(dark_spots(canvas_picture(view)), LANDMARKS) < 1.0
        view.keep("example-canvas")


def test_a_page_from_elsewhere_that_is_not_named_sees_nothing(stream, tab, elsewhere):
    served, view = stream(), tab()
    with Player(served):
        view.open(f"{elsewhere}/canvas/?device=127.0.0.1:{served.sink.port}")
        view.page.wait_for_timeout(1500)
        assert len(dark_spots(canvas_picture(view))) == 0


def hat_pixel(pose):
    """Where the hat's middle is seen: 1.7 eye distances above the eyes and 0.7 behind them."""
    rotation = turn("y", -pose.yaw) @ turn("x", -pose.pitch) @ turn("z", pose.roll)
    x, y, z = rotation @ np.array([0, -1.7, 0.7]) + np.array(pose.position)
    return np.array([pose.focal_px * x / z + (WIDTH - 1) / 2, pose.focal_px * y / z + (HEIGHT - 1) / 2])


def cone_middle(picture):
    """Middle of the box about everything that is not the page's white, or None."""
    rows, columns = np.nonzero(np.ptp(picture.astype(int), axis=2) > 40)
    if len(rows) < 200:
        return None
    return np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2


@pytest.mark.parametrize("pose", [a_pose(position=(0, 1, 9)), a_pose(yaw=25, roll=-20, position=(0.8, 1, 9))])
def test_the_hat_of_the_three_js_example_sits_on_the_head(stream, tab, elsewhere, pose):
    served, view = stream(f"origin={elsewhere}"), tab(viewport={"width": 700, "height": 560})
    with Player(served, lambda sequence: frame_message(sequence, pose=pose)):
        view.open(f"{elsewhere}/three/?device=127.0.0.1:{served.sink.port}")
        wait_for(lambda: cone_middle(canvas_picture(view)) is not None, 60)
        # A cone's outline is not even about its middle when it leans: a sixth of its height is allowed.
        allowed = 1.6 / 6 * pose.focal_px / pose.position[2]
        assert np.linalg.norm(cone_middle(canvas_picture(view)) - hat_pixel(pose)) < allowed
        view.keep(f"example-three-{pose.yaw:.0f}")
