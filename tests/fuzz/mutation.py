"""Mutations of a valid file: of its bytes, and of the words and numbers in it."""

import re

from hypothesis import strategies as st

WORDS = tuple(
    word.encode()
    for word in (
        "", "0", "-1", "1e400", "-1e400", "nan", "inf", "-0", "null", "true", "[]", "{}", '""', "1" * 400,
        "9223372036854775808", "18446744073709551616", "0.1e-400", '"\\u0000"', "\u00e9", "\ud7ff", "\u202e",
        "[" * 3000, '{"a":' * 3000, "1979-05-27T07:32:00Z", "0x10", "../../etc/passwd", "/dev/zero",
        "-----BEGIN", "a" * 70_000, "\n" * 50, ",,,,", "1 2 3", "%s%n", "${HOME}", "`id`", "\0",
    )
)  # fmt: skip
"""Words that a reader might take for something else than it is."""

TOKEN = re.compile(rb"[-+.\w]+|\"[^\"\n]*\"")
"""A number, a bare word or a string of a text file."""

PLACES = st.floats(0, 1, exclude_max=True)
"""Where in the file, as a fraction."""

MUTATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("token"), PLACES, st.sampled_from(WORDS)),
        st.tuples(st.just("insert"), PLACES, st.one_of(st.sampled_from(WORDS), st.binary(max_size=40))),
        st.tuples(st.just("byte"), PLACES, st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("cut"), PLACES, PLACES),
        st.tuples(st.just("repeat"), PLACES, PLACES),
        st.tuples(st.just("end"), PLACES, st.just(b"")),
    ),
    min_size=1,
    max_size=6,
)
"""A few changes, each with its place."""


def mutate(data: bytes, mutations) -> bytes:
    """The file after these changes, at most a few times as long."""
    for kind, place, argument in mutations:
        at = int(place * len(data))
        if kind == "token":
            found = list(TOKEN.finditer(data[: 1 << 20]))
            if found:
                token = found[int(place * len(found))]
                data = data[: token.start()] + argument + data[token.end() :]
        elif kind == "insert":
            data = data[:at] + argument + data[at:]
        elif kind == "byte":
            data = data[:at] + argument + data[at + len(argument) :]
        elif kind == "end":
            data = data[:at]
        else:
            low, high = sorted((at, int(argument * len(data))))
            part = data[low : min(high, low + 100_000)]
            data = data[:low] + data[high:] if kind == "cut" else data[:low] + part * 3 + data[low:]
    return data
