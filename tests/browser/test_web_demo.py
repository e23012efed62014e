"""The demo that runs in a browser alone: against the daemon's own pipeline, and as a visitor sees it."""

import json
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from device.finders.trained import TrainedFinder
from device.inference.models import ACCURATE_MODEL, find_model, shipped_models
from device.inference.network import LandmarkNetwork
from device.signal.reader import Reader
from device.signal.settings import SignalSettings
from device.sources.demo import picture_at
from device.sources.demo_path import DemoPath
from device.sources.demo_picture import demo_picture
from device.tracking.tracker import Tracker
from tests.browser.conftest import CLIENT, SWITCHES, Tab

FPS = DemoPath().fps


@pytest.fixture(scope="module")
def demo_folder(client_folder, tmp_path_factory):
    """What `make web-demo` builds."""
    folder = tmp_path_factory.mktemp("web") / "demo"
    command = ["sh", str(CLIENT / "build.sh"), sys.executable, "demo", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return folder


def test_the_runtime_comes_with_its_licence(demo_folder):
    version = json.loads((CLIENT / "package.json").read_text())["dependencies"]["@litertjs/core"]
    licences = (demo_folder / "licences.txt").read_text()
    after = licences.partition(f"@litertjs/core {version}, Apache-2.0")[2]
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in after[:2000]


@pytest.fixture
def served(demo_folder):
    """Serve the folder, and what a test puts beside it: the address, and files by path."""
    files = {}

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            content = files.get(self.path)
            if content is None:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(demo_folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", files
        server.shutdown()


class RecordedNetwork:
    """A network or a finder that keeps the raw outputs of every run."""

    def __init__(self, runner, read):
        self._runner, self._read, self.runs = runner, read, []

    def __getattr__(self, name):
        return getattr(self._runner, name)

    def side_by_side(self, most):
        # One after the other, so that the browser is given the runs in their order.
        return [self]

    def infer_drawn(self, draw):
        self._runner.infer_drawn(draw)
        self.runs.append(self._read(self._runner))

    def infer(self, pixels):
        self._runner.infer(pixels)
        self.runs.append(self._read(self._runner))


def raw_landmarks(network):
    return network._view_heatmap().tobytes() + network._view_presence().tobytes()


def demo_pictures(sequences, change=lambda picture: picture):
    picture, path = demo_picture(), DemoPath()
    return [np.ascontiguousarray(change(picture_at(picture, path, number))) for number in sequences]


def rgba(picture):
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA).tobytes()


def followed(network, finder, pictures, seconds):
    """The faces of each picture by the daemon's own pipeline, and the ids it has lost."""
    tracker, reader = Tracker(network, finder), Reader(SignalSettings())
    faces = []
    for picture, instant in zip(pictures, seconds, strict=True):
        tracked = tracker.track(picture, round(instant * 1e9))
        faces.append(reader.read(tracked, (picture.shape[1], picture.shape[0]), instant))
    return faces


FOLLOW_RECORDED = """async ([model, seconds, width, height, landmarkRuns, finderRuns]) => {
  const { Pipeline, LandmarkNetwork, Finder } = await import("./pipeline.js");
  const json = async (path) => (await fetch(path)).json();
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const { rules } = await json("models/contents.json");
  const manifest = await json(`models/${model}/student.json`);
  const finderManifest = await json("models/finder/finder.json");
  const played = (kind, sizes) => {
    const runner = { next: 0, async run() {
      const data = new Int8Array((await bytes(`/${kind}/${runner.next++}`)).buffer);
      let begin = 0;
      return sizes.map((size) => data.slice(begin, begin += size));
    } };
    return runner;
  };
  const sizeOf = ({ shape }) => shape.reduce((product, side) => product * side, 1);
  const { score, box, points } = finderManifest;
  const landmarks = played("landmarks", [manifest.heatmap, manifest.presence].map(sizeOf));
  const finder = played("finder", [score, box, points].map(sizeOf));
  const network = new LandmarkNetwork(manifest, landmarks, rules);
  const pipeline = new Pipeline(network, new Finder(finderManifest, finder), rules, "cpu");
  const frames = [];
  for (let index = 0; index < seconds.length; index++) {
    const picture = { data: await bytes(`/picture/${index}`), width, height };
    const moment = { source: "test", sequence: index, captured: 1000 * seconds[index] };
    frames.push(await pipeline.read(picture, moment));
  }
  return { frames, runs: [landmarks.next, finder.next] };
}"""


def mirrored_beside(picture):
    """Two faces in one frame."""
    return np.hstack([picture, picture[:, ::-1]])


@pytest.mark.parametrize(
    ("sequences", "change"),
    [
        *((range(first, first + 90, 4), lambda picture: picture) for first in range(0, 360, 90)),
        (range(0, 60, 6), lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE)),
        (range(120, 330, 10), mirrored_beside),
    ],
    ids=["first quarter", "second quarter", "third quarter", "fourth quarter", "turned", "two faces"],
)
def test_the_browsers_pipeline_agrees_with_the_daemons(served, tab, sequences, change):
    """Crop, decoding, correction, tracker, filter and pose on frames recorded with the networks' outputs.

    Free-running, the two part by half a pixel: a rounding error in the last digit of a landmark moves the
    next crop by nothing that could be seen, and the int8 network answers with another step. Recorded outputs
    do not answer at all: nothing takes such an error back, and in fifty frames it may grow to 0.2 pixels. So
    the demo's round is followed in four parts.
    """
    url, files = served
    pictures = demo_pictures(sequences, change)
    seconds = [number / FPS for number in sequences]
    network = RecordedNetwork(LandmarkNetwork(find_model(ACCURATE_MODEL)), raw_landmarks)
    finder = TrainedFinder()
    found = []
    infer = finder.infer

    def recorded(shown):
        infer(shown)
        outputs = (finder._score, finder._box, finder._points)
        found.append(b"".join(finder._interpreter.tensor(each)().tobytes() for each in outputs))

    finder.infer = recorded
    wanted = followed(network, finder, pictures, seconds)
    files |= {f"/picture/{index}": rgba(picture) for index, picture in enumerate(pictures)}
    files |= {f"/landmarks/{index}": data for index, data in enumerate(network.runs)}
    files |= {f"/finder/{index}": data for index, data in enumerate(found)}
    view = tab()
    view.open(url + "licences.txt")
    height, width = pictures[0].shape[:2]
    arguments = [ACCURATE_MODEL, seconds, width, height, len(network.runs), len(found)]
    got = view.page.evaluate(FOLLOW_RECORDED, arguments)
    assert got["runs"] == [len(network.runs), len(found)]
    compared, off, turned = 0, [0.0], [0.0]
    for frame, faces in zip(got["frames"], wanted, strict=True):
        assert [face["id"] for face in frame["faces"]] == [face.id for face in faces]
        for face, true in zip(frame["faces"], faces, strict=True):
            off.append(np.abs(np.array(face["landmarks"]) - true.landmarks).max())
            assert face["score"] == pytest.approx(true.score, abs=1e-3)
            assert face["landmark_scores"] == pytest.approx(true.landmark_scores.tolist(), abs=2e-3)
            if true.pose and "pose" in face:
                turned += [
                    abs(face["pose"][angle] - getattr(true.pose, angle)) for angle in ("yaw", "pitch", "roll")
                ]
            compared += 1
    print(f"{compared} faces: landmarks {max(off):.5f} px apart at most, pose {max(turned):.3f} degrees")
    assert compared > 5
    assert max(off) < 0.1
    assert max(turned) < 0.5


RUN_NETWORK = """async ([model, count]) => {
  const { Pipeline } = await import("./pipeline.js");
  const pipeline = await Pipeline.open(location.href, model);
  const results = [];
  for (let index = 0; index < count; index++) {
    const crop = new Uint8Array(await (await fetch(`/crop/${index}`)).arrayBuffer());
    await pipeline.network.infer(crop);
    results.push(pipeline.network.outputs.flatMap((each) => [...each]));
  }
  return { chip: pipeline.chip, results };
}"""


@pytest.mark.parametrize("model", shipped_models())
def test_a_network_gives_the_same_integers_in_the_browser(served, tab, model):
    url, files = served
    network = LandmarkNetwork(find_model(model))
    width, height = network.manifest.crop.size_wh
    crops = [
        cv2.resize(picture[60:400, 150:490], (width, height)) for picture in demo_pictures(range(0, 90, 30))
    ]
    files |= {f"/crop/{index}": crop.tobytes() for index, crop in enumerate(crops)}
    view = tab()
    view.open(url + "licences.txt")
    got = view.page.evaluate(RUN_NETWORK, [model, len(crops)])
    assert got["chip"] == "cpu"
    steps = []
    for crop, result in zip(crops, got["results"], strict=True):
        network.infer(crop)
        true = np.frombuffer(raw_landmarks(network), np.int8).astype(int)
        steps.append(np.abs(true - np.array(result)))
    print(f"{model}: {np.mean(np.concatenate(steps) > 0):.6f} of the integers differ")
    # On some processors the daemon's runtime has other kernels: they may differ by a step.
    assert np.concatenate(steps).max() <= 1


@pytest.fixture(scope="module")
def camera_film(tmp_path_factory):
    """Two seconds of the demo as YUV4MPEG2, which Chromium's fake camera plays."""
    path = tmp_path_factory.mktemp("film") / "demo.y4m"
    with path.open("wb") as film:
        film.write(b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420jpeg\n")
        for picture in demo_pictures(range(0, 60, 2)):
            film.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


@pytest.fixture
def visitor(chromium, camera_film):
    """A browser whose camera shows the film."""
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    film = f"--use-file-for-fake-video-capture={camera_film}"
    found = shutil.which("chromium")
    browser = chromium.browser_type.launch(executable_path=found, args=[*SWITCHES, *camera, film])
    yield Tab(browser)
    browser.close()


def test_a_visitor_sees_the_demo_then_their_own_camera_and_nothing_leaves_the_browser(
    served, visitor, client_folder
):
    url, _ = served
    visitor.open(url)
    visitor.wait("drawn.filter((each) => each.faces.length).length > 3", 90)
    assert "WebAssembly" in visitor.page.inner_text("#chip")
    visitor.wait("document.getElementById('source').textContent.startsWith('demo')")
    visitor.page.check('input[name="camera"][value="own"]')
    visitor.page.evaluate("drawn.length = 0")
    visitor.wait("document.getElementById('source').textContent.startsWith('camera')", 90)
    visitor.wait("drawn.at(-1)?.faces.length === 1", 60)
    visitor.wait("parseFloat(document.getElementById('fps').textContent) > 0")
    visitor.wait("document.querySelectorAll('#latency tbody tr')[2].textContent.match(/[1-9]/)")
    visitor.keep("web-demo")
    assert not [each for each in visitor.requests if not each.startswith((url, "blob:", "data:"))]
    axe = (client_folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
    visitor.page.evaluate(axe)
    found = visitor.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(each["id"], each["help"]) for each in found["violations"]] == []
    assert visitor.errors == []


def test_a_model_of_another_kind_is_told_on_the_page(demo_folder, tab, served):
    url, files = served
    manifest = json.loads((demo_folder / "models" / ACCURATE_MODEL / "student.json").read_text())
    manifest["codec"]["name"] = "coordinates"
    files[f"/models/{ACCURATE_MODEL}/student.json"] = json.dumps(manifest).encode()
    view = tab()
    view.open(url)
    view.wait("document.getElementById('connection').textContent.includes('the codec coordinates')", 60)
    assert view.page.get_attribute("#connection", "data-state") == "refused"
