from math import inf, nan
from typing import Annotated, Literal

import pytest

from device.config.values import Secret, Within, wanted_by


@pytest.mark.parametrize(
    ("hint", "taken", "refused", "sentence"),
    [
        (bool, [True, False], [0, 1, "true"], "true or false"),
        (int, [3, -3], [True, 3.0, "3", 10**400], "a whole number"),
        (float, [3, 3.5], [True, "3", nan, inf, 10**400], "a number"),
        (str, ["", "x"], [1, True, ["x"]], "a text"),
        (tuple[str, ...], [[], ["a", "b"]], ["a", [1]], 'a list of texts, as in ["stdout:"]'),
        (Literal["auto", "cpu"], ["auto"], ["tpu", 1], "one of auto, cpu"),
        (Annotated[int, Within(1, 64)], [1, 64], [0, 65, 10**400], "a whole number, 1 to 64"),
        (Annotated[float, Within(0.5, inf)], [0.5, 1e30], [0.4, inf], "a number, 0.5 or more"),
        (Annotated[int, Within(1, 2)] | None, [1], [3], "a whole number, 1 to 2"),
    ],
)
def test_an_annotation_says_what_is_taken(hint, taken, refused, sentence):
    wanted = wanted_by(hint)
    assert all(wanted.takes(value) for value in taken)
    assert not any(wanted.takes(value) for value in refused)
    assert str(wanted) == sentence


def test_only_what_may_be_none_is_optional_and_only_what_is_marked_is_secret():
    assert wanted_by(Annotated[int, Within(1, 2)] | None).optional
    assert not wanted_by(int).optional
    assert wanted_by(Annotated[str, Secret()]).secret
    assert not wanted_by(str).secret


def test_a_whole_number_becomes_the_float_and_a_list_the_tuple_that_the_field_holds():
    assert isinstance(wanted_by(float).convert(3), float)
    assert wanted_by(tuple[str, ...]).convert(["a"]) == ("a",)
