"""Commands from a broker: understood or refused in one line, few at a time, never kept ones."""

from hypothesis import given
from hypothesis import strategies as st

from device.messages.commands import MAX_COMMAND_BYTES, BadCommand, Command, Verb
from device.sinks.mqtt.command_box import BURST, COMMANDS_PER_SECOND, CommandBox


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


LINES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", errors="surrogatepass")),
    st.tuples(st.sampled_from(list(Verb)), st.text(max_size=20)).map(lambda pair: " ".join(pair).encode()),
)


@given(lines=st.lists(LINES, max_size=BURST))
def test_whatever_is_sent_comes_out_as_a_command_or_as_a_one_line_reason(lines):
    box = CommandBox()
    for line in lines:
        box.put(line)
    taken = box.take()
    assert len(taken) == len(lines)
    for received in taken:
        assert isinstance(received, Command | BadCommand)
        assert len(received.text) <= MAX_COMMAND_BYTES
        if isinstance(received, BadCommand):
            assert received.reason.isprintable()
            assert received.text.isprintable()


def test_of_a_flood_only_some_are_taken_and_one_reply_a_second_says_so():
    clock = Clock()
    box = CommandBox(clock)
    taken = []
    # 10,000 in two seconds, fetched at every frame of a camera.
    for _ in range(60):
        for _ in range(10_000 // 60):
            box.put(b"status")
        taken += box.take()
        clock.now += 2 / 60
    commands = [received for received in taken if isinstance(received, Command)]
    refusals = [received for received in taken if isinstance(received, BadCommand)]
    assert BURST + 2 * COMMANDS_PER_SECOND - 2 <= len(commands) <= BURST + 2 * COMMANDS_PER_SECOND
    assert len(refusals) == 2
    assert all("too many" in refusal.reason for refusal in refusals)
    clock.now += BURST / COMMANDS_PER_SECOND
    box.put(b"health")
    assert box.take() == [Command(Verb.HEALTH, None, "health")]


def test_nothing_queues_behind_a_loop_that_takes_nothing():
    clock = Clock()
    box = CommandBox(clock)
    for _ in range(10_000):
        box.put(b"status")
        clock.now += 1
    assert len(box.take()) <= BURST + 1


def test_a_retained_command_is_not_obeyed_and_the_reply_says_why():
    box = CommandBox(Clock())
    box.put(b"rate 1", retained=True)
    (refused,) = box.take()
    assert isinstance(refused, BadCommand)
    assert refused.text == "rate 1"
    assert "retain" in refused.reason
