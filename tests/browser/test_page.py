"""The page in a real browser: what it draws, where, and what it does when the stream misbehaves."""

import json
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from websockets.sync.client import connect

from device import events
from device.frame import Frame
from device.sources.demo_path import DemoPath
from tests.broker import free_port, running_broker
from tests.browser.conftest import wait_for
from tests.browser.faces import HEIGHT, LANDMARKS, WIDTH, a_pose, frame_message, lens_pixels

TOKEN = "a-token-of-the-tests"
INK = np.array([0x5F, 0xF0, 0xE0])
"""Colour of the points, red green blue."""


class Player:
    """Publishes a face again and again, as a camera would."""

    def __init__(self, stream, make=frame_message, fps=30):
        self.stream, self.make, self.period = stream, make, 1 / fps
        self.sequence = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(self.period):
            self.stream.publish(self.make(self.sequence))
            self.sequence += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def only(tab, *wanted):
    """Draw these and nothing else of each face."""
    for name in ("points", "lines", "boxes", "axes"):
        tab.page.set_checked(f'input[name="draw"][value="{name}"]', name in wanted)


def canvas_pixels(tab):
    """(H, W, 4) of the flat canvas."""
    width, height, data = tab.page.evaluate(
        """() => { const c = document.getElementById("flat");
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let text = "";
        for (let i = 0; i < d.length; i += 8192) text += String.fromCharCode(...d.subarray(i, i + 8192));
        return [c.width, c.height, btoa(text)]; }"""
    )
    import base64

    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def drawn_points(tab):
    """(N, 2) middles of the drawn points, pixels of the frame, from the canvas's own pixels."""
    pixels = canvas_pixels(tab)
    inked = (pixels[..., 3] > 128) & (np.abs(pixels[..., :3].astype(int) - INK).max(axis=2) < 40)
    scale = pixels.shape[1] / WIDTH
    _, _, _, middles = cv2.connectedComponentsWithStats(inked.astype(np.uint8))
    return (middles[1:] + 0.5) / scale - 0.5


def farthest_from_nearest(found, wanted):
    distances = np.linalg.norm(found[:, None] - wanted[None], axis=2)
    return max(distances.min(axis=0).max(), distances.min(axis=1).max())


def test_the_drawn_points_lie_on_the_streamed_landmarks(stream, tab):
    served, view = stream(), tab()
    with Player(served):
        view.open(served.url)
        only(view, "points")
        view.wait("drawn.some((each) => each.faces.length)")
        wait_for(lambda: len(drawn_points(view)) == 68)
        assert farthest_from_nearest(drawn_points(view), LANDMARKS) < 2.0
        view.keep("points")


def test_over_a_picture_each_face_lies_where_it_is_in_that_very_picture(stream, tab):
    served, view = stream("picture=1"), tab()

    def moving(sequence):
        landmarks = LANDMARKS + np.array([(sequence * 3) % 120, 0])
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[:, (sequence * 3) % 120] = 255
        if served.sink.wants_pictures:
            served.sink.show(Frame(image, sequence, 0))
        return frame_message(sequence, landmarks)

    with Player(served, moving):
        view.open(served.url)
        view.page.check("#picture")
        only(view, "points")
        view.wait("drawn.length > 3")
        worst = []
        for _ in range(6):
            # The white column of the picture tells which frame it is, and so where its points must be.
            pixels = canvas_pixels(view)
            column = pixels[5, :, :3].astype(int).sum(axis=1)
            if column.max() < 300:
                time.sleep(0.3)
                continue
            shift = (np.average(np.arange(len(column)), weights=column**2) + 0.5) / (
                len(column) / WIDTH
            ) - 0.5
            inked = (pixels[..., 3] > 128) & (np.abs(pixels[..., :3].astype(int) - INK).max(axis=2) < 40)
            left = (np.nonzero(inked.any(axis=0))[0].min() + 0.5) / (len(column) / WIDTH) - 0.5
            worst.append(abs(left - (160 - 2.2 + shift)))
            time.sleep(0.3)
    assert len(worst) >= 3
    assert max(worst) < 2.0


@pytest.mark.parametrize("looks", ["light", "dark", "phone"])
def test_the_demo_is_seen_and_its_figures_are_shown(daemon, tab, looks):
    options = {"color_scheme": "dark"} if looks == "dark" else {}
    if looks == "phone":
        options = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
    with daemon("--sink", "web:0?picture=1") as (url, _):
        view = tab(**options)
        view.open(url)
        view.wait("drawn.filter((each) => each.faces.length).length > 5", 40)
        view.wait("document.getElementById('connection').textContent === 'live'")
        view.wait("parseFloat(document.getElementById('fps').textContent) > 0")
        assert "small@" in view.page.inner_text("#model")
        assert "camera" in view.page.inner_text("#parts")
        assert view.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        view.keep(f"demo-{looks}")


def test_the_overlay_follows_the_demos_known_motion(daemon, tab):
    """The demo camera's path is known: on the photograph itself every point must stay where it is."""
    with daemon("--sink", "web:0") as (url, _):
        view = tab()
        view.open(url)
        view.page.check('input[value="newest"]')
        view.page.evaluate("drawn.length = 0")
        view.wait(
            "new Set(drawn.filter((d) => d.faces.length === 1).map((d) => d.sequence)).size >= 60",
            60,
        )
        drawings = [
            each for each in view.drawn() if len(each["faces"]) == 1 and each["faces"][0]["opacity"] == 1
        ]
    path = DemoPath()
    # Near the frame's rim the face itself is cut off.
    whole = [each for each in drawings if in_view(each["faces"][0]["points"])]
    assert len(whole) >= 40
    on_photo = np.array(
        [
            path.photo_to_frame(each["sequence"]).crop_to_frame(
                np.reshape(each["faces"][0]["points"], (68, 2))
            )
            for each in whole
        ]
    )
    eyes = np.linalg.norm(on_photo[:, 45] - on_photo[:, 36], axis=1).mean()
    middles = on_photo.mean(axis=1)
    wandering = np.linalg.norm(middles - np.median(middles, axis=0), axis=1) / eyes
    print(
        f"overlay off the known motion, of the eye distance: p50 {np.median(wandering):.4f}, "
        f"p95 {np.percentile(wandering, 95):.4f}"
    )
    assert np.percentile(wandering, 95) < 0.03


def in_view(points):
    xy = np.reshape(points, (68, 2))
    return (xy > 10).all() and (xy < [WIDTH - 10, HEIGHT - 10]).all()


SMALL = {"width": 500, "height": 700}
"""Of pages that draw in three dimensions: here that is done in software."""

POSES = [
    a_pose(),
    a_pose(yaw=30),
    a_pose(yaw=-25, pitch=12),
    a_pose(roll=20, position=(1.0, -0.5, 7.0)),
    a_pose(yaw=15, pitch=-18, roll=-12, position=(-1.2, 0.4, 5.0)),
]


def test_glasses_follow_the_heads_pose(stream, tab):
    served, view = stream(), tab(viewport=SMALL)
    shown = {"pose": POSES[0]}
    with Player(served, lambda sequence: frame_message(sequence, pose=shown["pose"])):
        view.open(served.url)
        view.page.check('input[value="newest"]')
        view.page.check('input[value="scene"]')
        view.page.uncheck('input[value="hat"]')
        view.wait("drawn.some((each) => each.lenses.length)", 60)
        for number, pose in enumerate(POSES):
            shown["pose"] = pose
            wanted = lens_pixels(pose)
            wait_for(lambda: np.abs(np.array(lenses_of(view)) - wanted).max() < 0.01)  # noqa: B023
            # What is on the screen comes a refresh after what the page says; software drawing takes its time.
            wait_for(lambda: np.linalg.norm(lens_pixels_seen(view) - wanted.mean(axis=0)) < 8)  # noqa: B023
            view.keep(f"glasses-{number}")


def lenses_of(tab):
    """Where the page says that it has put them."""
    last = tab.page.evaluate("drawn.at(-1).lenses")
    return last[0]["lenses"] if last else [[0, 0], [0, 0]]


def lens_pixels_seen(tab):
    """Middle of what has the glass's colour on the screen, pixels of the frame."""
    picture = cv2.imdecode(
        np.frombuffer(tab.page.locator("#worn canvas").screenshot(), np.uint8), cv2.IMREAD_COLOR
    )
    blue, green, red = (picture[..., channel].astype(int) for channel in range(3))
    glass = (green - red > 12) & (blue - red > 8)
    rows, columns = np.nonzero(glass)
    assert len(rows) > 500
    scale = picture.shape[1] / WIDTH
    low, high = np.percentile(columns, [1, 99]), np.percentile(rows, [1, 99])
    return (np.array([low.mean(), high.mean()]) + 0.5) / scale - 0.5


def test_what_is_worn_stands_on_the_demos_face(daemon, tab):
    with daemon("--sink", "web:0?picture=1") as (url, _):
        view = tab(viewport=SMALL)
        view.open(f"{url}?view=scene")
        view.page.check('input[name="wear"][value="mask"]')
        view.wait("drawn.filter((each) => each.lenses.length).length > 3", 60)
        view.page.check("#picture")
        view.page.wait_for_timeout(2500)
        view.keep("scene")


def test_a_face_that_goes_fades_and_a_stream_that_stops_says_so(stream, tab):
    served, view = stream(), tab()
    with Player(served) as player:
        view.open(served.url)
        view.wait("drawn.at(-1)?.presence === 'faces'")
        player.make = lambda sequence: frame_message(sequence, faces=[])
        view.wait("document.getElementById('presence').textContent === 'no face'")
        view.wait("drawn.at(-1).faces.length === 0")
        faded = [each["faces"][0]["opacity"] for each in view.drawn() if each["faces"]]
        player.make = frame_message
        view.wait("drawn.at(-1).presence === 'faces'")
    assert faded == sorted(faded, reverse=True)
    view.wait("document.getElementById('presence').textContent === 'stale'")
    view.wait("drawn.at(-1).faces.length === 0")
    port = served.sink.port
    served.sink.close()
    view.wait("document.getElementById('presence').textContent === 'offline'")
    with Player(stream(port=port)):
        view.wait("document.getElementById('connection').textContent === 'live'")
        view.wait("drawn.at(-1).presence === 'faces'")


HOSTILE = [
    b"{", b"NaN", b"null", b"[]", b'"frame"', b"[" * 100_000,
    b'{"type":"frame","schema":1}',
    b'{"type":"frame","schema":1,"sequence":NaN,"captured_ns":1,"published_ns":1,"frame":{"width":1,"height":1},"faces":[]}',
    b'{"type":"frame","schema":1,"sequence":1,"captured_ns":1e999,"published_ns":1,"frame":{"width":1,"height":1},"faces":[]}',
    b'{"type":"frame","schema":1,"sequence":1,"captured_ns":1,"published_ns":1,"frame":{"width":1e9,"height":1e9},"faces":[]}',
    b'{"type":"status","schema":1,"camera":7,"broker":null}',
    b'{"type":"health","schema":1,"fps":"<img src=x onerror=alert(1)>","uptime_s":null}',
    b'{"type":"status","schema":1,"camera":{"state":"ok","reason":"<script>alert(1)</script>"}}',
    b'{"type":"pong","schema":1,"sent_ms":1e308,"monotonic_ns":1e308}',
    b'{"__proto__":{"polluted":1},"type":"frame","schema":1}',
    b" " * 10_000_000,
]  # fmt: skip


def spoilt_frames():
    """A good frame with one thing wrong each time."""
    good = json.loads(events.encode(frame_message(1)))
    for path, value in [
        (("faces", 0, "landmarks", 5, 0), 1e300), (("faces", 0, "landmarks", 5), None),
        (("faces", 0, "landmarks"), []),
        (("faces", 0, "id"), None), (("faces", 0, "box"), "box"), (("faces", 0), [[]]),
        (("faces",), {"length": 1e9}),
        (("timing_ms",), "slow"), (("frame", "width"), -1), (("model",), {"toString": 1}),
        (("source",), None),
        (("faces", 0, "pose"), {"yaw": 1e300}),
        (("faces", 0, "signals"), {"smile": "wide", "x" * 5000: 1e300}),
    ]:  # fmt: skip
        spoilt = json.loads(json.dumps(good))
        target = spoilt
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value
        yield json.dumps(spoilt).encode()


@pytest.mark.parametrize("page", ["", "plain/"])
def test_a_hostile_stream_breaks_nothing(stream, tab, page):
    served, view = stream(), tab()
    view.open(served.url + page)
    with connect(served.ws):  # The sink keeps nothing while nobody looks.
        lines = [*HOSTILE, *spoilt_frames(), b'{"type":"frame","schema":2}']
        for line in lines:
            served.publish_raw(line)
            time.sleep(0.03)
        with Player(served):
            expression = (
                "document.getElementById('connection').textContent === 'live'"
                " && drawn.at(-1)?.faces.length === 1"
            )
            view.wait("document.getElementById('state').textContent === 'faces'" if page else expression)
    assert view.page.evaluate("({}).polluted === undefined")
    assert view.page.locator("img[src=x], #parts script").count() == 0


def test_another_schema_is_told_as_such(stream, tab):
    served, view = stream(), tab()
    view.open(served.url)
    view.wait("document.getElementById('connection').textContent === 'live'")
    served.publish_raw(b'{"type":"frame","schema":2}')
    view.wait("document.getElementById('connection').textContent.includes('speaks schema 2')")


def test_a_wrong_token_is_refused_and_the_right_one_never_stands_in_an_address(stream, tab):
    served, view = stream(token=TOKEN), tab()
    view.open(served.url)
    view.wait("document.getElementById('connection').textContent.includes('asks for a token')")
    view.page.fill('input[name="token"]', "a-token-that-is-wrong")
    view.page.click('button[type="submit"]')
    view.wait("document.getElementById('connection').textContent.includes('token is wrong')")
    assert view.drawn() == []
    other = tab()
    with Player(served):
        other.open(f"{served.url}#token={TOKEN}")
        other.wait("drawn.some((each) => each.faces.length)")
    assert TOKEN not in other.page.url
    assert [url for url in other.requests if TOKEN in url.partition("#")[0]] == []


class Quiet(SimpleHTTPRequestHandler):
    """A foreign server's page."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_):
        pass


TRY_THE_STREAM = """(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.onopen = () => done("open");
  socket.onerror = () => done("refused");
})"""


def test_a_page_from_elsewhere_cannot_open_the_stream_unless_it_was_named(stream, tab):
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as foreign:
        threading.Thread(target=foreign.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{foreign.server_port}"
        view = tab()
        page = view.open(origin)
        assert page.evaluate(TRY_THE_STREAM, stream().ws) == "refused"
        assert page.evaluate(TRY_THE_STREAM, stream(f"origin={origin}").ws) == "open"
        foreign.shutdown()


def test_two_tabs_and_ten_programs_look_at_once(stream, tab):
    served = stream()
    views = [tab(), tab()]
    newest = [-1] * 10

    def look(number):
        with connect(served.ws) as program:
            for message in program:
                newest[number] = json.loads(message)["sequence"]

    programs = [threading.Thread(target=look, args=(number,)) for number in range(10)]
    for program in programs:
        program.start()
    with Player(served):
        for view in views:
            view.open(served.url)
        for view in views:
            view.wait("drawn.filter((each) => each.faces.length).length > 10")
        seen = views[0].page.evaluate("drawn.at(-1).sequence")
        wait_for(lambda: min(newest) > seen)
    served.sink.close()
    for program in programs:
        program.join(10)


def test_through_a_broker_the_page_heals_within_three_seconds_of_its_restart(daemon, tab, tmp_path):
    web = free_port()
    lines = f"allow_anonymous true\nlistener {web} 127.0.0.1\nprotocol websockets"
    with (
        running_broker(tmp_path, lines) as broker,
        daemon("--sink", f"mqtt://{broker.address}/hall", "--sink", "web:0") as (url, _),
    ):
        view = tab()
        view.open(f"{url}?mqtt=ws://127.0.0.1:{web}&topic=landmarks/hall")
        view.wait("drawn.some((each) => each.faces.length)", 40)
        broker.kill()
        view.wait("document.getElementById('connection').textContent.startsWith('offline')")
        view.page.wait_for_timeout(2000)
        last = view.page.evaluate("drawn.at(-1).sequence")
        broker.start()
        begun = time.monotonic()
        view.wait(f"drawn.at(-1).sequence > {last}")
        healed = time.monotonic() - begun
        print(f"healed {healed:.2f} s after the broker's start")
        assert healed < 3.0
        assert any("mqtt" in each for each in view.requests)


def test_the_page_is_small_and_asks_nobody_else(stream, tab):
    served, view = stream(), tab()
    sizes = {}
    view.page.on(
        "response", lambda answer: sizes.update({answer.url: len(answer.body())}) if answer.ok else None
    )
    with Player(served):
        view.open(f"{served.url}?view=scene")
        view.wait("drawn.some((each) => each.lenses.length)", 60)
        files = {url: size for url, size in sizes.items() if "/health" not in url}
        assert len(files) >= 5
        assert not [url for url in view.requests if not url.startswith((served.url, "data:", "blob:"))]
        assert not [url for url in files if "mqtt" in url]
        print(f"page with its scene: {sum(files.values())} bytes")
        assert 100_000 < sum(files.values()) < 900_000


def test_everything_can_be_reached_and_used_by_keyboard(stream, tab):
    served, view = stream("picture=1"), tab()
    with Player(served):
        page = view.open(served.url)
        view.wait("!document.getElementById('picture').disabled")
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate("(({ id, name, tagName }) => id || name || tagName)(document.activeElement)")
            )
        assert {"theme", "view", "timing", "draw", "picture", "mirror", "A", "SUMMARY"} <= reached
        page.keyboard.press("2")
        assert page.evaluate("document.body.dataset.view") == "scene"
        page.keyboard.press("1")
        page.keyboard.press("m")
        assert page.is_checked("#mirror")


@pytest.mark.parametrize("place", ["light", "dark", "phone", "scene", "plain"])
def test_axe_finds_nothing_that_keeps_people_out(client_folder, stream, tab, place):
    axe = (client_folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
    options = {"color_scheme": "dark"} if place == "dark" else {}
    if place == "phone":
        options = {"viewport": {"width": 390, "height": 844}}
    served, view = stream(), tab(**options)
    with Player(served):
        page = view.open(served.url + {"plain": "plain/", "scene": "?view=scene"}.get(place, ""))
        page.wait_for_timeout(500)
        if place != "plain":
            served.publish(events.Status("test", 1, camera=events.Condition(events.State.LOST, "no camera")))
            page.click("summary")
            view.wait("document.getElementById('fps').textContent.includes('.')")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(each["id"], each["help"], len(each["nodes"])) for each in found["violations"]] == []
    assert len(found["passes"]) > 10
    view.keep(f"axe-{place}")


def test_a_recording_plays_at_ten_times_its_speed(stream, tab):
    served, view = stream(), tab()
    view.open(f"{served.url}?recording=demo-round.jsonl.gz&speed=10")
    view.wait("drawn.some((each) => each.faces.length)")
    first = view.page.evaluate("[drawn.at(-1).sequence, performance.now()]")
    view.wait(f"drawn.at(-1).sequence > {first[0]} + 60")
    last = view.page.evaluate("[drawn.at(-1).sequence, performance.now()]")
    # 60 frames at 30 a second would be 2000 ms; a busy machine may need a little more than 200.
    assert last[1] - first[1] < 1500
