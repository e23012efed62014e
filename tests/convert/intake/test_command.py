"""The options of `python -m convert onnx`: what cannot be meant is refused before a file is read."""

import pytest

from convert.__main__ import parse_arguments
from convert.intake.command import scheme_of
from device.contract.errors import UsageError

NETWORK = ["onnx", "net.onnx", "--calibration", "pictures", "--out", "out"]


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("--mean", "a,b", "wanted one number, or three with commas"),
        ("--mean", "0.1,0.2", "wanted one number, or three with commas"),
        ("--mean", "nan", "wanted one number, or three with commas"),
        ("--std", "0.2,0,0.2", "wanted numbers above 0: they divide"),
        ("--size", "0x0", "wanted WIDTHxHEIGHT, as in 112x112"),
        ("--size", "112", "wanted WIDTHxHEIGHT, as in 112x112"),
        ("--scale", "0", "wanted a number above 0"),
        ("--margin", "-1", "wanted a number above 0"),
        ("--points", "0", "wanted a whole number, 1 or more"),
        ("--calibration-crops", "0", "wanted a whole number, 1 or more"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_with_what_is_wanted(option, value, wanted):
    with pytest.raises(UsageError) as refused:
        parse_arguments([*NETWORK, option, value])
    assert str(refused.value).startswith(f"argument {option}: got {value!r}, {wanted}; see ")


def test_points_that_no_scheme_has_are_told_and_so_is_that_none_were_given():
    known = "wanted one of 68, 98, 29, 106, 5 points; for others give --scheme FILE.toml"
    for more, got in (([], "neither --points nor --scheme"), (["--points", "7"], "--points 7")):
        with pytest.raises(UsageError) as refused:
            scheme_of(parse_arguments([*NETWORK, *more]))
        assert str(refused.value) == f"got {got}, {known}"
