import re
import subprocess
import sys
import tomllib

from device.config.show import show_settings, toml_text
from device.config.tables import keys_of
from device.inference.settings import InferenceSettings
from device.settings import DaemonSettings, settings_of


def test_what_is_shown_can_be_read_back(tmp_path):
    settings = DaemonSettings(source='images:"0"\\\x07', frames=7, inference=InferenceSettings(threads=3))
    path = tmp_path / "daemon.toml"
    path.write_text("\n".join(show_settings(settings)), encoding="utf-8")
    assert settings_of(path, {}) == settings


def test_every_key_is_shown_under_a_comment_that_explains_it():
    lines = list(show_settings(DaemonSettings()))
    text = "\n".join(lines)
    for path, wanted in keys_of(DaemonSettings):
        pattern = rf"^# {path[-1]}: .+" if wanted.secret else rf"^# .+\n(# )?{path[-1]} ="
        assert re.search(pattern, text, re.MULTILINE), path
    assert max(map(len, lines)) <= 110


def test_texts_are_quoted_as_toml_wants_them():
    for text in ('a"b', "a\\b", "tab\t", "line\nfeed", "\x00", "ünï", ""):
        assert tomllib.loads(f"x = {toml_text(text)}")["x"] == text


def run_config(root, *words):
    command = [sys.executable, "-m", "device", "config", *map(str, words)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_shows_checks_and_says_what_is_wrong(root, tmp_path):
    shown = run_config(root, "show")
    assert shown.returncode == 0
    good = tmp_path / "good.toml"
    good.write_text(shown.stdout)
    assert run_config(root, "check", good).returncode == 0
    bad = tmp_path / "bad.toml"
    bad.write_text("sorce = 'demo:'\n[tracker]\nmax_faces = 0\n")
    checked = run_config(root, "check", bad)
    assert checked.returncode == 3
    first, second = checked.stderr.splitlines()
    assert first.startswith(f"error: {bad}:1: unknown key 'sorce'")
    assert "did you mean source?" in first
    assert second == f"error: {bad}:3: tracker.max_faces got 0, wanted a whole number, 1 to 32"
    assert run_config(root, "check", tmp_path / "none.toml").returncode == 3


def test_a_file_is_checked_for_what_its_addresses_and_names_mean(root, tmp_path):
    file = tmp_path / "daemon.toml"
    file.write_text(
        'source = "image:photos"\nsinks = [\n  "stdout:",\n  "web:8080?pictre=1",\n]\n'
        'finder = "center:"\nmodel = "smal"\n'
    )
    checked = run_config(root, "check", file)
    assert checked.returncode == 3
    source, sink, finder, model = checked.stderr.splitlines()
    assert source.startswith(f"error: {file}:1: source: unknown source 'image:'")
    assert source.endswith("did you mean images:?")
    assert sink.startswith(f"error: {file}:2: sinks: unknown option of sink web: 'pictre'")
    assert finder.startswith(f"error: {file}:6: finder: unknown finder 'center'")
    assert model.startswith(f"error: {file}:7: model: model 'smal' is neither")
    refused = subprocess.run(
        [sys.executable, "-m", "device", "run", "--config", file, "--frames", "1"],
        cwd=root, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 3
    assert refused.stderr.startswith(f"{source} (and 3 more: landmarks config check {file})")
