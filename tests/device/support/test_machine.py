"""What a machine tells of itself, shown as file trees."""

import pytest

from device.support import machine


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_a_raspberry_pi_is_known_by_its_device_tree(tmp_path):
    write(tmp_path, "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0")
    write(tmp_path, "proc/cpuinfo", "model name\t: something else\n")
    assert machine.board_name(tmp_path) == "Raspberry Pi 4 Model B Rev 1.5"
    assert machine.is_raspberry_pi(tmp_path)


def test_another_machine_is_known_by_its_processor_and_an_empty_one_is_unknown(tmp_path):
    assert machine.board_name(tmp_path) == "unknown"
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel name\t: B\n")
    assert machine.board_name(tmp_path) == "A CPU @ 2 GHz"
    assert not machine.is_raspberry_pi(tmp_path)


def test_the_processors_zone_is_chosen_among_others(tmp_path):
    write(tmp_path, "sys/class/thermal/thermal_zone0/type", "acpitz\n")
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "27800\n")
    assert machine.temperature_c(tmp_path) is None
    write(tmp_path, "sys/class/thermal/thermal_zone1/type", "x86_pkg_temp\n")
    write(tmp_path, "sys/class/thermal/thermal_zone1/temp", "-1500\n")
    assert machine.temperature_c(tmp_path) == -1.5


@pytest.mark.parametrize("text", ["50005", "0x50005", "throttled=0x50005\n"])
def test_every_spelling_of_the_throttle_word_is_read(text):
    assert machine.parse_throttle_word(text) == 0x50005


@pytest.mark.parametrize("text", [None, "", "VCHI initialization failed", "throttled="])
def test_what_is_no_throttle_word_is_none(text):
    assert machine.parse_throttle_word(text) is None


def test_the_low_bits_are_now_and_the_high_ones_since_boot():
    # Bits 0 under-voltage and 3 soft limit now, 17 capped since boot (Raspberry Pi documentation).
    assert machine.throttled_now(0b1001 | 1 << 17) == ["under_voltage", "soft_temperature_limit"]
    assert machine.throttled_since_boot(0b1001 | 1 << 17) == ["frequency_capped"]


def test_a_machine_without_the_files_tells_nothing(tmp_path):
    assert machine.throttle_word(tmp_path) is None
    assert machine.governor(tmp_path) is None
