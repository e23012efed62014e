import pytest

from device.support.processor import read_processor


@pytest.mark.parametrize(
    ("cpuinfo", "instructions", "kind"),
    [
        ("model name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 fma\n", (), "no int8 dot products"),
        (
            "model name\t: Xeon\nflags\t: avx2 avx512_vnni amx_int8\n",
            ("amx_int8", "avx512_vnni"),
            "int8 dot products",
        ),
        ("Features\t: fp asimd crc32\nModel\t\t: Raspberry Pi 4\n", (), "no int8 dot products"),
        ("Features\t: fp asimd asimddp\nModel\t\t: Raspberry Pi 5\n", ("asimddp",), "int8 dot products"),
        ("", (), "no int8 dot products"),
    ],
)
def test_int8_dot_products_are_read_from_the_processors_flags(tmp_path, cpuinfo, instructions, kind):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(cpuinfo)
    processor = read_processor(tmp_path)
    assert processor.dot_products == instructions
    assert processor.kind == kind
    assert str(processor).startswith(processor.name)


def test_a_name_that_only_contains_an_instructions_name_is_another(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text("flags : avx_vnni_int16 i8mmx\n")
    assert read_processor(tmp_path).dot_products == ()
