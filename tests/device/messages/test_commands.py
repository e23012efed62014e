"""Commands: the documented lines are understood, anything else is answered and never raises."""

import pytest

from device.contract.errors import BadInputError
from device.messages.commands import (
    HELP,
    Verb,
    command_table,
    parse_command,
)


@pytest.mark.parametrize(
    ("line", "verb", "value"),
    [
        (b"status", Verb.STATUS, None),
        (b" health\n", Verb.HEALTH, None),
        (b"rate 15", Verb.RATE, 15.0),
        (b"rate 0.1", Verb.RATE, 0.1),
        (b"rate full", Verb.RATE, None),
        (b"model small", Verb.MODEL, "small"),
        (b"reload", Verb.RELOAD, None),
        (b"raw on", Verb.RAW, True),
        (b"raw  off\r\n", Verb.RAW, False),
    ],
)
def test_a_documented_line_is_understood(line, verb, value):
    command = parse_command(line)
    assert (command.verb, command.value) == (verb, value)
    assert command.text == " ".join(line.decode().split())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "unknown command '', known: status, health, rate, model, reload, raw"),
        (b"reboot", "unknown command 'reboot'"),
        (b"helth", "did you mean health?"),
        (b"status now", "command status takes no value, got 'now'"),
        (b"rate", "command rate got nothing, wanted 0.1 to 1000 frame messages a second, or full"),
        (b"rate nan", "got 'nan', wanted 0.1"),
        (b"rate 1e9", "got '1e9'"),
        (b"rate 1 2", "got '1 2'"),
        (b"model ../../etc/passwd", "wanted the name of a shipped model"),
        (b"raw maybe", "wanted on or off"),
        (b"\xff\xfe", "not UTF-8"),
        (b"rate \n\x1b[31m15", "got '\\x1b[31m15'"),
        (b"x" * 10_000, "command of 10000 bytes, wanted at most 200"),
    ],
)
def test_a_wrong_line_is_told_in_one_line_what_was_wanted(line, says):
    with pytest.raises(BadInputError) as caught:
        parse_command(line)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


def test_every_verb_is_explained_and_the_readme_holds_the_table(root):
    assert set(HELP) == set(Verb)
    assert command_table() in (root / "device" / "README.md").read_text()
