"""Addresses of sources and sinks taken apart."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config.address import Address
from device.config.tables import hints_of
from device.contract.errors import UsageError
from device.sinks import SINKS
from device.sources.camera.v4l2 import V4l2Options
from device.sources.demo import DemoOptions
from device.sources.images import ImagesOptions
from device.sources.open import SOURCES, parse_source

OPTION_SETS = st.builds(
    V4l2Options,
    size=st.none() | st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    fps=st.none() | st.floats(0.01, 1000),
    rotate=st.sampled_from([0, 90, 180, 270]),
    mirror=st.booleans(),
)


def query(options: V4l2Options) -> str:
    words = [f"rotate={options.rotate}", f"mirror={int(options.mirror)}"]
    if options.size:
        words.append("size={}x{}".format(*options.size))
    if options.fps:
        words.append(f"fps={options.fps!r}")
    return "&".join(words)


@given(place=st.text().map("/dev/".__add__), options=OPTION_SETS)
def test_an_address_put_together_comes_apart_again(place: str, options: V4l2Options) -> None:
    assert parse_source(f"v4l2:{place}?{query(options)}") == Address("v4l2", place, options)


@given(st.text())
def test_any_other_text_is_taken_or_refused_in_one_line(text: str) -> None:
    try:
        outcome = f"a {parse_source(text).scheme} source"
    except UsageError as error:
        outcome = str(error)
    assert len(outcome.splitlines()) == 1


def test_options_are_optional_and_a_place_may_hold_a_question_mark() -> None:
    assert parse_source("demo:") == Address("demo", "", DemoOptions())
    assert parse_source("images:who?are?you?") == Address("images", "who?are?you", ImagesOptions())
    assert parse_source("video:a:b.avi?mirror=1").place == "a:b.avi"


@pytest.mark.parametrize(
    ("text", "place", "rotate"),
    [
        ("http://cam/snap.cgi?usr=admin&pwd=x", "//cam/snap.cgi?usr=admin&pwd=x", 0),
        ("http://cam/snap.cgi?usr=admin&pwd=x?rotate=90", "//cam/snap.cgi?usr=admin&pwd=x", 90),
        ("http://cam/snap.cgi?rotate=90", "//cam/snap.cgi", 90),
        ("http://cam/snap.cgi?channel=1?", "//cam/snap.cgi?channel=1", 0),
    ],
)
def test_a_query_that_is_the_cameras_own_stays_with_its_address(text: str, place: str, rotate: int) -> None:
    address = parse_source(text)
    assert (address.place, address.options.rotate) == (place, rotate)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("imags:x", "unknown source 'imags:'; did you mean images:?"),
        ("rtmp://x", "unknown source 'rtmp:'"),
        ("dem", "did you mean demo:?"),
        ("", "unknown source '', known: demo:, images:"),
        ("demo:x", "takes no place, got 'x'"),
        ("video:", "lacks its place; write video:FILE"),
        ("demo:?sise=1x1", "unknown option of source demo: 'sise'; did you mean size?"),
        ("demo:?size=640", "size got '640', wanted WIDTHxHEIGHT"),
        ("demo:?size=0x1", "size got '0x1'"),
        ("demo:?size=1x9999", "size got '1x9999'"),
        ("demo:?size=٣x٣", "wanted WIDTHxHEIGHT"),
        ("demo:?fps=0", "fps got '0', wanted a number, 0.001 to 1000"),
        ("demo:?fps=nan", "fps got 'nan'"),
        ("demo:?fps=quick", "fps got 'quick'"),
        ("demo:?fps=٣", "fps got '٣'"),
        ("demo:?fps=" + "9" * 400, "fps got '9999"),
        ("demo:?rotate=" + "9" * 5000, "rotate got '9999"),
        ("demo:?rotate=45", "rotate got '45', wanted one of 0, 90, 180, 270"),
        ("demo:?mirror=yes", "mirror got 'yes', wanted 0 or 1"),
        ("demo:?mirror", "mirror got '', wanted 0 or 1"),
        ("demo:?pace=fast", "unknown option of source demo: 'pace', known: rotate, mirror, size, fps"),
        ("video:x?format=gray8", "unknown option of source video: 'format'"),
        ("video:x?repeat=2", "repeat got '2', wanted 0 or 1"),
        ("video:x?pace=slow", "pace got 'slow', wanted one of real, fast"),
        ("demo:?fps=1&fps=2", "fps is given twice"),
        ("raw:-", "needs the option size=WIDTHxHEIGHT"),
        ("http://cam/x?channel=1&rotate=90", "option rotate stands among words of the camera's own address"),
        ("http://cam/x?rotat=90", "did you mean rotate?"),
    ],
)
def test_a_wrong_address_is_told_what_was_got_and_wanted(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file:", "sink file: lacks its place; write file:PATH"),
        ("mqtt:", "lacks its place; write mqtt://[USER@]HOST[:PORT][/DEVICE]"),
        ("mqtts:", "write mqtts://[USER@]HOST"),
        ("stdout:x", "takes no place"),
        ("stdio:", "did you mean stdout:?"),
        ("file:x?keep=" + "9" * 400, "keep got '9999"),
        ("file:x?keep=1.5", "keep got '1.5', wanted a whole number, 0 to 1000"),
    ],
)
def test_sinks_speak_the_same_language(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        SINKS.parse(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_bare_path_is_answered_with_the_address_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean images:"):
        parse_source(str(tmp_path))
    (tmp_path / "clip.avi").touch()
    with pytest.raises(UsageError, match=r"did you mean video:.*clip\.avi\?"):
        parse_source(str(tmp_path / "clip.avi"))


@pytest.mark.parametrize("registry", [SOURCES, SINKS], ids=["sources", "sinks"])
def test_the_help_and_the_specification_list_every_scheme_and_option(registry) -> None:
    text = (Path(__file__).parents[3] / "device" / "README.md").read_text(encoding="utf-8")
    for name in registry:
        assert f"`{name}:" in text
        assert registry.form(name) in registry.help()
        for option in hints_of(registry.scheme(name).options):
            assert f"`{option}=" in text, f"{name}: {option}"
            assert f"{option}= " in registry.help()


def test_declarations_are_cheap_to_import(root) -> None:
    program = (
        "import sys\nfrom device.sinks import SINKS\nfrom device.sources.open import SOURCES\n"
        "SOURCES.help(), SINKS.help()\n"
        "print([name for name in ('cv2', 'paho', 'prometheus_client', 'websockets') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("registry", "address"),
    [
        (SINKS, "web:eighty"), (SINKS, "web:70000"), (SINKS, "metrics:here:"), (SINKS, "mqtt:broker"),
        (SINKS, "mqtt://broker/a name"), (SINKS, "mqtt://broker:port"), (SINKS, "mqtt://broker?ca=ca.pem"),
        (SINKS, "mqtts://broker?cert=cert.pem"), (SINKS, "udp-osf::11573"), (SINKS, "udp-ifm:host:0"),
        (SINKS, "osc-vmc:host:port"), (SINKS, "udp-livelink:host:99999"), (SINKS, "annotated:film.mov"),
        (SOURCES, "v4l2:front"), (SOURCES, "picamera2:left"), (SOURCES, "rtsp://"), (SOURCES, "http://cam:port/"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_understood_is_refused_before_anything_opens(registry, address) -> None:
    with pytest.raises(UsageError):
        registry.parse(address)


@pytest.mark.parametrize(
    ("registry", "address"),
    [
        (SINKS, "web:0.0.0.0:8080"), (SINKS, "metrics:[::1]:9100"), (SINKS, "mqtt://user@no.such.host.invalid/pi"),
        (SINKS, "mqtts://broker?password_file=none&ca=none"), (SINKS, "udp-osf:no.such.host.invalid"),
        (SINKS, "udp-ifm:[::1]:49983"), (SOURCES, "v4l2:9"), (SOURCES, "picamera2:"),
        (SOURCES, "http://cam/x?user={user}&pwd={password}"),
    ],
)  # fmt: skip
def test_what_only_the_machine_can_tell_is_left_to_the_opening(monkeypatch, registry, address) -> None:
    """A settings file may be checked on another machine: files, hosts and variables are not looked at."""
    for variable in ("LANDMARKS_SOURCE_USER", "LANDMARKS_SOURCE_PASSWORD", "LANDMARKS_MQTT_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    assert registry.parse(address).scheme == address.partition(":")[0]
