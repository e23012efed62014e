"""Networks of the field convert with parity, or are refused in one line that names the operator."""

import pytest

from convert.intake.graph import Normalisation, OutputRule
from device.contract.errors import BadInputError
from tests.convert import field
from tests.convert.field_table import PARITY, README, convert_file, convert_one, rows_of, with_rows


def test_the_table_holds_networks_of_the_field_and_keeps_their_order():
    text = README.read_text()
    rows = rows_of(text)
    assert set(rows) <= set(field.BUILDERS)
    assert with_rows(text, rows) == text


def test_a_row_takes_its_place_among_the_others():
    text = "before\n<!-- networks of the field -->\n<!-- end -->\nafter\n"
    later = with_rows(text, {"GroupNorm": "| GroupNorm | 1 | 2 | |"})
    both = with_rows(later, {**rows_of(later), "PFLD": "| PFLD | 3 | 4 | |"})
    assert list(rows_of(both)) == ["PFLD", "GroupNorm"]
    assert both.startswith("before\n")
    assert both.endswith("after\n")


def is_right(real, int8):
    """Whether a conversion keeps what the network computes."""
    return real <= PARITY * field.SIDE and int8 < field.SIDE / 10


@pytest.mark.convert
@pytest.mark.slow
@pytest.mark.timeout(1200)  # a whole conversion, on a machine that may be busy
@pytest.mark.parametrize("name", field.BUILDERS)
def test_each_converts_with_parity_or_is_refused_by_the_name_of_a_node(name, tmp_path, converter):
    del converter
    try:
        moved = convert_one(name, tmp_path)
    except BadInputError as error:
        assert "\n" not in str(error)  # noqa: PT017  # either outcome is right
        assert "node" in str(error)  # noqa: PT017
    else:
        assert is_right(*moved)


@pytest.mark.convert
@pytest.mark.timeout(2400)  # three conversions, on a machine that may be busy
def test_the_same_network_gives_the_same_bytes_and_its_float_file_converts_too(tmp_path, converter):
    del converter
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir()
    first, second, third = folders
    assert is_right(*convert_one("PFLD", first))
    convert_one("PFLD", second)
    for made in ("handover/network.onnx", "out/work/student.tflite", "out/work/student_float32.tflite"):
        assert (first / made).read_bytes() == (second / made).read_bytes()
    # Its input is (pixel - 128) / 128, its points are sides from the crop's centre: any affine form will do.
    own_input = Normalisation((128.0,) * 3, (128.0,) * 3, 1.0, rgb=False)
    rule = OutputRule(98, "coordinates")
    assert is_right(*convert_file(first / "out" / "work" / "student_float32.tflite", rule, own_input, third))
