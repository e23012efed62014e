"""The page of docs/client.md, as it is printed there, served from elsewhere, in a real browser."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.conftest import wait_for
from tests.browser.faces import LANDMARKS
from tests.browser.test_examples import canvas_picture, dark_spots
from tests.browser.test_page import Player, farthest_from_nearest
from tests.docs.blocks import blocks_of


@pytest.fixture
def elsewhere(tmp_path):
    """A server of the folder in which the reader keeps the page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_printed_page_draws_the_landmarks(root, stream, tab, elsewhere, tmp_path):
    (page,) = [block.text for block in blocks_of(root / "docs" / "client.md") if block.language == "html"]
    served, view = stream(f"origin={elsewhere}"), tab()
    (tmp_path / "face.html").write_text(page.replace("localhost:8080", f"127.0.0.1:{served.sink.port}"))
    with Player(served):
        view.open(f"{elsewhere}/face.html")
        wait_for(lambda: len(dark_spots(canvas_picture(view))) == len(LANDMARKS))
        assert farthest_from_nearest(dark_spots(canvas_picture(view)), LANDMARKS) < 1.5
