"""Lines back to messages: the same again, and whatever is wrong is one documented error."""

import copy
import json
import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.contract.errors import BadInputError
from device.messages import messages as events
from device.messages.json_decoder import KINDS, OtherMessage, decode_line, decode_message
from tests.messages import MESSAGES


@given(message=MESSAGES)
def test_a_message_is_the_same_after_a_line_and_back(message):
    line = events.encode(message)
    decoded = decode_line(line)
    assert type(decoded) is type(message)
    # A face or figure that is not finite is left out by both, so the lines can be compared.
    assert events.encode(decoded) == line


def test_every_message_type_of_the_schema_is_read():
    schema = json.loads(events.SCHEMA_FILE.read_text(encoding="utf-8"))
    assert {choice["$ref"].rpartition("/")[2] for choice in schema["oneOf"]} == set(KINDS)


def frame_values():
    text = (events.SCHEMA_FILE.parents[1] / "README.md").read_text(encoding="utf-8")
    return json.loads(next(line for line in text.splitlines() if line.startswith('{"type":"frame"')))


def test_unknown_keys_and_unknown_types_are_let_pass():
    values = frame_values()
    values["new"] = values["faces"][0]["new"] = {"a": [1]}
    assert decode_message(values).sequence == values["sequence"]
    other = {"type": "later", "schema": 1, "source": "cam0", "x": [1, None]}
    decoded = decode_message(other)
    assert isinstance(decoded, OtherMessage)
    assert json.loads(events.encode(decoded)) == other


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda v: v.update(schema=2), "message of schema 2, wanted 1"),
        (lambda v: v.update(schema=True), "Expected `int`, got `bool` - at `$.schema`"),
        (lambda v: v.pop("schema"), "missing required field `schema`"),
        (lambda v: v.pop("model"), "missing required field `model`"),
        (lambda v: v["faces"][0].pop("box"), "missing required field `box` - at `$.faces[0]`"),
        (lambda v: v.update(sequence=-1), "Expected `int` >= 0 - at `$.sequence`"),
        (lambda v: v.update(sequence=1.5), "Expected `int`, got `float` - at `$.sequence`"),
        (lambda v: v.update(sequence=True), "Expected `int`, got `bool` - at `$.sequence`"),
        (lambda v: v.update(captured_ns=2**63), "at `$.captured_ns`"),
        (lambda v: v.update(source=5), "Expected `str`, got `int` - at `$.source`"),
        (lambda v: v.update(faces={}), "Expected `array`, got `object` - at `$.faces`"),
        (lambda v: v["faces"][0].update(score="1"), "Expected `float`, got `str` - at `$.faces[0].score`"),
        (lambda v: v["faces"][0]["landmarks"].pop(), "wanted 68 points of x and y"),
        (lambda v: v["faces"][0]["landmark_scores"].append(0.5), "69 scores, wanted 68 points"),
        (lambda v: v["faces"][0]["landmarks"][3].pop(), "Expected `array` of length 2"),
        (lambda v: v["faces"][0].update(box=[0, 0, 1]), "Expected `array` of length 4"),
        (lambda v: v["faces"][0].update(box=[0, 0, "a", 1]), "Expected `float`, got `str`"),
        (lambda v: v["timing_ms"].update(infer=None), "got `null` - at `$.timing_ms.infer`"),
        (lambda v: v.update(frame=[]), "Expected `object`, got `array` - at `$.frame`"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(change, says):
    values = frame_values()
    change(values)
    for decode, payload in ((decode_message, values), (decode_line, orjson.dumps(values))):
        with pytest.raises(BadInputError) as caught:
            decode(payload)
        # A line's error does not count the faces.
        assert says in str(caught.value).replace("[...]", "[0]")
        assert len(str(caught.value)) < 200
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"null", b'"frame"', b"{}", b'{"type":[]}', b"\xff", b"[" * 5000]
)
def test_what_is_no_message_is_refused(line):
    with pytest.raises(BadInputError):
        decode_line(line)


def paths_in(node, path=()):
    """Every place in a JSON value."""
    yield path
    for key, item in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield from paths_in(item, (*path, key))


JUNK = (
    None,
    True,
    0,
    -1,
    2**63,
    1e308,
    1.5,
    "",
    "x\x1b",
    "9" * 300,
    [],
    [1, "a"],
    {},
    {"a": 1},
    [[0, 0]] * 68,
)
"""What a place of a message is replaced with."""


def mutated(chance, values):
    """A message with a few of its places replaced, dropped or doubled."""
    for _ in range(chance.randint(1, 3)):
        places = [path for path in paths_in(values) if path and len(path) < 5]
        if not places:
            break
        *above, key = chance.choice(places)
        node = values
        for step in above:
            node = node[step]
        if chance.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(chance.choice(JUNK))
    return values


def accepts(decode, payload):
    """Whether it is a message, which can be sent again; anything but the documented error is a failure."""
    try:
        message = decode(payload)
    except BadInputError as error:
        if not str(error).isprintable():
            pytest.fail(f"more than one plain line: {error!r}")
        return False
    events.encode(message)
    return True


def examples():
    text = (events.SCHEMA_FILE.parents[1] / "README.md").read_text(encoding="utf-8")
    return [line.encode() for line in text.splitlines() if line.startswith('{"type":')]


def test_ten_thousand_mutated_messages_are_accepted_or_refused_but_never_raise_anything_else():
    chance, lines = random.Random(11), examples()
    accepted = sum(
        accepts(decode_message, mutated(chance, orjson.loads(chance.choice(lines)))) for _ in range(10_000)
    )
    assert 500 < accepted < 9_500


def test_ten_thousand_lines_with_flipped_bytes_never_raise_anything_else():
    chance, lines, accepted = random.Random(12), examples(), 0
    for _ in range(10_000):
        line = bytearray(chance.choice(lines))
        for _ in range(chance.randint(1, 6)):
            line[chance.randrange(len(line))] = chance.randrange(256)
        cut = len(line) if chance.random() < 0.8 else chance.randrange(len(line))
        accepted += accepts(decode_line, bytes(line[:cut]))
    assert 100 < accepted < 9_500


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(message=MESSAGES, data=st.data())
def test_any_value_under_any_key_is_accepted_or_refused(message, data):
    values = orjson.loads(events.encode(message))
    values[data.draw(st.sampled_from(sorted(values)))] = data.draw(ANYTHING)
    accepts(decode_message, values)
