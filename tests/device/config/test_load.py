import random
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config.file import read_settings_file
from device.config.load import load_settings, parse_assignment, sentences_of
from device.config.tables import keys_of
from device.config.values import Secret, Within
from device.contract.errors import BadInputError, UsageError
from device.settings import DaemonSettings, settings_of


@dataclass(frozen=True)
class Door:
    """A table with a secret and a check of two keys together."""

    width: Annotated[float, Within(0, 10)] = 1.0
    """Metres."""
    least_width: float = 0.5
    """Metres."""
    key: Annotated[str, Secret()] = field(default="", repr=False)
    """Opens it."""

    def __post_init__(self) -> None:
        if self.width < self.least_width:
            raise BadInputError("width is less than least_width; raise it")


@dataclass(frozen=True)
class House:
    rooms: int = 3
    """Rooms."""
    names: tuple[str, ...] = ()
    """Of the rooms."""
    door: Door = field(default_factory=Door)
    """The front door."""


def write(tmp_path, text):
    path = tmp_path / "daemon.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(tmp_path, text, table=House):
    path = write(tmp_path, text)
    return [sentence.removeprefix(f"{path}:") for sentence in sentences_of(read_settings_file(path), table)]


def test_an_empty_file_gives_the_defaults(tmp_path):
    assert load_settings(House, write(tmp_path, ""), {}) == House()
    assert settings_of(None, {}) == DaemonSettings()


def test_flags_win_over_the_file_and_the_file_over_the_defaults(tmp_path):
    path = write(tmp_path, 'rooms = 4\nnames = ["a"]\n[door]\nwidth = 2\n')
    settings = load_settings(House, path, {"rooms": 5})
    assert settings == House(5, ("a",), Door(2.0))
    assert isinstance(settings.door.width, float)


def test_every_mistake_is_told_with_its_line_however_the_file_is_laid_out(tmp_path):
    text = """# a comment with rooms = 1
names = [
    "[door]",  # no table
    '''x''',
]

roms = 1

[door]
least_width = 0.1
"wid\\u0074h" = 11
[dor]
"""
    assert mistakes(tmp_path, text) == [
        "7: unknown key 'roms'; did you mean rooms?",
        "11: door.width got 11, wanted a number, 0 to 10",
        "12: unknown key 'dor'; did you mean door?",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rooms = true", "1: rooms got True, wanted a whole number"),
        ("names = 'one'", "1: names got 'one', wanted a list of texts"),
        ("\ndoor = 3", "2: door got 3, wanted a table: [door] and keys below it"),
        ("[rooms]\nx = 1", "1: rooms got {'x': 1}, wanted a whole number"),
        (
            "[door]\nkey = 'open sesame'",
            "2: door.key is a secret: leave it out here and set LANDMARKS_DOOR_KEY",
        ),
        ("[[door]]\n", "1: door got [{}], wanted a table"),
    ],
)
def test_a_wrong_value_is_told_what_was_got_and_wanted(tmp_path, text, says):
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.startswith(says)
    assert "sesame" not in mistake


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 4000, "0x" + "f" * 20_000])
def test_a_number_of_hundreds_of_digits_is_refused_in_one_short_line(tmp_path, number):
    path = tmp_path / "daemon.toml"
    path.write_text(f"frames = {number}\nhealth_seconds = {number}\n[tracker]\nmax_faces = {number}\n")
    sentences = sentences_of(read_settings_file(path), DaemonSettings)
    assert len(sentences) == 3
    assert all(len(sentence) < 250 for sentence in sentences)


def test_keys_that_do_not_go_together_are_told_with_their_table(tmp_path):
    assert mistakes(tmp_path, "[door]\nwidth = 0.1\n") == [
        " [door]: width is less than least_width; raise it"
    ]


def test_a_secret_comes_from_the_environment_and_is_not_shown(monkeypatch):
    monkeypatch.setenv("LANDMARKS_DOOR_KEY", "open sesame")
    settings = load_settings(House, None, {})
    assert settings.door.key == "open sesame"
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"rooms = \n", "daemon.toml:1: Invalid value"),
        (b"rooms = 1\nrooms = 2\n", "daemon.toml:2: Cannot overwrite a value"),
        (b"rooms = [1,\n", "daemon.toml:2: "),
        (b"rooms = 1\nnames = ['\xff']\n", "daemon.toml:2: byte 20 is not UTF-8"),
        (b"rooms = " + b"1" * 5000, "daemon.toml:1: "),
        (b"#" * 200_000, "more than 100000 bytes"),
        (b"x = " + b"[" * 20_000 + b"]" * 20_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path, data, says):
    path = tmp_path / "daemon.toml"
    path.write_bytes(data)
    with pytest.raises(BadInputError) as caught:
        read_settings_file(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere.toml", ".", "x" * 300])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(BadInputError, match="settings file"):
        read_settings_file(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("rooms=4", {"rooms": 4}),
        ("door.width = 2.5", {"door": {"width": 2.5}}),
        ("door.width=wide", {"door": {"width": "wide"}}),
        ('names=["a", "b"]', {"names": ["a", "b"]}),
        ("names=x\ny = 1", {"names": "x\ny = 1"}),
    ],
)
def test_an_assignment_needs_no_quotes(text, values):
    assert parse_assignment(text, House) == values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("door.wdth=1", "unknown setting 'door.wdth'; did you mean door.width?"),
        ("x=1", "unknown setting 'x', known: rooms, names, door.width"),
        ("rooms", "wanted KEY=VALUE"),
        ("door=1", "unknown setting"),
    ],
)
def test_an_assignment_to_nothing_is_refused(text, says):
    with pytest.raises(UsageError) as caught:
        parse_assignment(text, House)
    assert says in str(caught.value)


def test_a_wrong_flag_is_a_usage_error():
    with pytest.raises(UsageError, match=r"setting inference\.threads got 0, wanted a whole number, 1 to 64"):
        settings_of(None, {"inference": {"threads": 0}})


TOML_VALUES = (
    "1",
    "-1",
    "0.5",
    "nan",
    "true",
    '"text"',
    "[]",
    '["x"]',
    "{}",
    "{a = 1}",
    "1979-05-27",
    "1e400",
)
KEYS = [".".join(path) for path, _ in keys_of(DaemonSettings)]


def test_a_thousand_random_files_are_taken_or_refused_in_one_line_each(tmp_path):
    rng = random.Random(7)
    outcomes = []
    for _ in range(1000):
        lines = [f"{rng.choice(KEYS)} = {rng.choice(TOML_VALUES)}" for _ in range(rng.randrange(1, 3))]
        path = write(tmp_path, "\n".join(lines) + "\n")
        try:
            outcomes.append(settings_of(path, {}).source)
        except BadInputError as error:
            outcomes.append(str(error))
    refused = [outcome for outcome in outcomes if outcome.startswith(f"{path}:")]
    assert not any("\n" in sentence for sentence in refused)
    assert 50 < len(refused) < 980


@given(data=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "daemon.toml"
    path.write_bytes(data)
    try:
        outcome = settings_of(path, {}).source
    except BadInputError as error:
        outcome = str(error)
    assert len(outcome.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ('source = "rtsp://me:hunter2@cam/x"', "LANDMARKS_SOURCE_PASSWORD"),
        ('source = "http://cam/x?usr=me&pwd=hunter2"', "LANDMARKS_SOURCE_PASSWORD"),
        ('sinks = ["stdout:", "mqtt://me:hunter2@broker/x"]', "LANDMARKS_MQTT_PASSWORD"),
        ('source = ["rtsp://me:hunter2@cam/x"]', "wanted a text"),
    ],
)
def test_a_password_in_an_address_is_refused_in_a_file_and_not_repeated(tmp_path, line, instead):
    path = tmp_path / "daemon.toml"
    path.write_text(f"follow = true\n{line}\n")
    (sentence,) = sentences_of(read_settings_file(path), DaemonSettings)
    assert sentence.startswith(f"{path}:2: ")
    assert instead in sentence
    assert "hunter2" not in sentence
