"""Source addresses taken apart."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.errors import UsageError
from device.sources.uri import FORMS, OPTIONS, SourceOptions, SourceUri, parse_source_uri

OPTION_SETS = st.builds(
    SourceOptions,
    size_wh=st.none() | st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    fps=st.none() | st.floats(0.01, 1000),
    rotate=st.sampled_from([0, 90, 180, 270]),
    mirror=st.booleans(),
)


def query(options: SourceOptions) -> str:
    words = [f"rotate={options.rotate}", f"mirror={int(options.mirror)}"]
    if options.size_wh:
        words.append("size={}x{}".format(*options.size_wh))
    if options.fps:
        words.append(f"fps={options.fps!r}")
    return "&".join(words)


@given(scheme=st.sampled_from(["images", "video", "v4l2"]), place=st.text(min_size=1), options=OPTION_SETS)
def test_an_address_put_together_comes_apart_again(scheme: str, place: str, options: SourceOptions) -> None:
    assert parse_source_uri(f"{scheme}:{place}?{query(options)}") == SourceUri(scheme, place, options)


@given(st.text())
def test_any_other_text_is_taken_or_refused_in_one_line(text: str) -> None:
    try:
        outcome = f"a {parse_source_uri(text).scheme} source"
    except UsageError as error:
        outcome = str(error)
    assert len(outcome.splitlines()) == 1


def test_options_are_optional_and_a_place_may_hold_a_question_mark() -> None:
    assert parse_source_uri("demo:") == SourceUri("demo", "", SourceOptions())
    assert parse_source_uri("images:who?are?you?") == SourceUri("images", "who?are?you", SourceOptions())
    assert parse_source_uri("video:a:b.avi?mirror=1").place == "a:b.avi"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "imags:x",
            "rtsp:, v4l2:, video:; did you mean images:?",
        ),
        ("rtmp://x", "unknown source 'rtmp:'"),
        ("dem", "did you mean demo:?"),
        ("", "has no scheme, wanted one of demo:, http://HOST/PATH"),
        ("demo:x", "takes no place, got 'x'"),
        ("video:", "lacks its place; write video:FILE"),
        (
            "demo:?sise=1x1",
            "known: size, fps, rotate, mirror, repeat, pace, format; did you mean size?",
        ),
        ("demo:?size=640", "size got '640', wanted WIDTHxHEIGHT"),
        ("demo:?size=0x1", "size got '0x1'"),
        ("demo:?size=1x9999", "size got '1x9999'"),
        ("demo:?size=٣x٣", "wanted WIDTHxHEIGHT"),
        ("demo:?fps=0", "fps got '0', wanted a number above 0"),
        ("demo:?fps=nan", "fps got 'nan'"),
        ("demo:?fps=quick", "fps got 'quick'"),
        ("demo:?rotate=45", "rotate got '45', wanted 0, 90, 180 or 270"),
        ("demo:?mirror=yes", "mirror got 'yes', wanted 0 or 1"),
        ("demo:?mirror", "mirror got '', wanted 0 or 1"),
        ("demo:?pace=fast", "option pace is for raw: and video: only, got demo:"),
        ("video:x?format=gray8", "option format is for raw: only, got video:"),
        ("video:x?repeat=2", "repeat got '2', wanted 0 or 1"),
        ("video:x?pace=slow", "pace got 'slow', wanted real or fast"),
        ("demo:?fps=1&fps=2", "fps is given twice"),
    ],
)
def test_a_wrong_address_is_told_what_was_got_and_wanted(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source_uri(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bare_path_is_answered_with_the_address_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean images:"):
        parse_source_uri(str(tmp_path))
    (tmp_path / "clip.avi").touch()
    with pytest.raises(UsageError, match=r"did you mean video:.*clip\.avi\?"):
        parse_source_uri(str(tmp_path / "clip.avi"))


def test_the_specification_lists_every_scheme_and_option() -> None:
    text = (Path(__file__).parents[3] / "device" / "README.md").read_text(encoding="utf-8")
    for word in [*(f"`{scheme}:" for scheme in FORMS), *(f"| `{option}=" for option in OPTIONS)]:
        assert word in text
