"""The results page: figures from the runs' own files, means over seeds, gaps said out loud."""

import dataclasses
import json
import re

import numpy as np
import pytest

from device.contract.errors import BadInputError
from tests.training.tasks.test_published_systems import tiny_run
from training.engine.checkpoint import save_network
from training.models import build_model
from training.report import results
from training.report.records import Record, Records
from training.report.results import PLAIN, Row, SystemResults


def a_run(nme, **more):
    return Record("a", nme, 1000, {}, 2_500_000, 3e8, **more)


def on_faces(nme, seed):
    """Faces of very different difficulty, the same for every network, and a little luck of each."""
    hard = np.random.default_rng(0).gamma(2.0, 0.02, 200)
    errors = hard + np.random.default_rng(seed).normal(0, 0.003, 200)
    return a_run(nme, face_errors=tuple(errors - errors.mean() + nme), faces="abc")


def records_of(runs):
    """Of these runs alone, without the project's own."""
    return Records(runs, runs / "records.jsonl", timed=lambda _: 1.0)


def a_row(stem, *errors):
    return Row(stem, f"The {stem}", tuple(a_run(error) for error in errors))


def a_kept_row(stem, *errors):
    runs = [on_faces(error, [*stem.encode(), number]) for number, error in enumerate(errors)]
    return Row(stem, f"The {stem}", tuple(runs))


def write_run(runs, name, nme, start="", images=900):
    """A finished run of a tiny network, with the log that training leaves."""
    settings = dataclasses.replace(tiny_run("regression"), start=start)
    folder = runs / name
    save_network(build_model(settings.model, 68), settings, {}, folder / "network.pt")
    rows = [{"step": 5, "images": 500, "nme_300w": 0.3}, {"step": 9, "images": images, "nme_300w": nme}]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "speed.json").write_text(json.dumps({"images_per_second": 12.5, "device": "cpu"}))


def test_what_the_rows_began_with_is_told_once_with_all_images_before(tmp_path):
    write_run(tmp_path, "older", 0.09)
    write_run(tmp_path, "kd_net-trunk_student", 0.08, start="older")
    for row in ("student", "student_plain"):
        write_run(tmp_path, f"kd_net-{row}", 0.061, start="kd_net-trunk_student")
    part = results.system_part(results.read_system("kd_net", records_of(tmp_path)))
    begun = next(line for line in part.splitlines() if "Begun with: `kd_net-trunk_student`" in line)
    assert [cell.strip() for cell in begun.split("|") if cell.strip()][1:] == ["8.00", "1,800"]
    # As many cells as the other rows: what it began with stands in the table, not beside it.
    assert begun.count("|") == part.splitlines()[2].count("|")


def test_figures_come_from_the_runs_own_files(tmp_path):
    write_run(tmp_path, "kd_net-student_plain", 0.061)
    write_run(tmp_path, "kd_net-student_plain-seed1", 0.065)
    (tmp_path / "kd_net-student_plain-seedling").mkdir()
    found = results.read_system("kd_net", records_of(tmp_path))
    assert [row.stem for row in found.rows] == [PLAIN]
    assert [(run.nme, run.images) for run in found.rows[0].runs] == [(0.061, 900), (0.065, 900)]
    assert found.rows[0].title == "The student without distillation: mean squared error"
    assert set(found.missing) == {
        "teacher_tolerant", "teacher_tough", "student", "student_corrected", "student_main",
        "student_tolerant", "student_tough",
    }  # fmt: skip
    part = results.system_part(found)
    assert "6.30 ± 0.28" in part
    assert "Not trained: teacher_tolerant" in part


def test_a_seed_that_saw_other_images_is_not_of_the_row(tmp_path):
    write_run(tmp_path, "kd_net-student_plain", 0.061)
    write_run(tmp_path, "kd_net-student_plain-seed1", 0.065)
    write_run(tmp_path, "kd_net-student_plain-seed2", 0.090, images=600)
    found = results.read_system("kd_net", records_of(tmp_path))
    assert [run.nme for run in found.rows[0].runs] == [0.061, 0.065]


def test_gains_are_told_against_the_student_alone_with_their_interval():
    rows = (
        a_kept_row("teacher", 0.04),
        a_kept_row(PLAIN, 0.060, 0.061, 0.062),
        a_kept_row("student", 0.050, 0.051, 0.052),
        a_kept_row("student_patch", 0.0612, 0.0611, 0.0610),
        a_kept_row("student_feature", 0.070),
        a_row("student_old", 0.05),
    )
    verdict = results.verdict_of(SystemResults("efficient_fan", rows, ()))
    assert re.sub(r"[+-]\d\.\d\d, [+-]\d\.\d\d", "low, high", verdict) == (
        "Helps: the student (-1.00 [low, high]). No difference: the student_patch (+0.01 [low, high]). "
        "Does harm: the student_feature (+0.90 [low, high], one seed). "
        "Without an interval, so perhaps chance: the student_old (-1.10)."
    )


def test_rows_of_unequal_budgets_are_not_compared_silently():
    more = Row("student", "The student", (Record("b", 0.05, 2000),))
    part = results.system_part(SystemResults("kd_net", (a_row(PLAIN, 0.06), more), ()))
    assert "not seen equally many images (1,000, 2,000)" in part
    assert "| The student | 5.00 |  |" in part
    assert "Helps" not in part


def test_a_row_of_an_earlier_run_file_is_marked_and_compared_with_none_of_the_present_one(tmp_path):
    for row in ("student_plain", "student"):
        write_run(tmp_path, f"kd_net-{row}", 0.06)
    part = results.system_part(results.read_system("kd_net", records_of(tmp_path)))
    # Both are of a tiny network, not of the run files'.
    assert part.count("† |") == 2
    assert "† Trained with an earlier version" in part
    now = Row("student", "The student", (on_faces(0.05, 0),))
    then = dataclasses.replace(a_kept_row(PLAIN, 0.06), outdated=True)
    assert results.verdict_of(SystemResults("kd_net", (then, now), ())) == ""


def test_images_of_a_pretraining_count_and_its_figure_is_no_nme(tmp_path):
    record = Record("kd_net-pretrain_student", None, 5000, {"start": ""})
    trunk = Record("kd_net-trunk_student", 0.08, 900, {"start": record.name})
    lines = "".join(json.dumps(dataclasses.asdict(each)) + "\n" for each in (record, trunk))
    (tmp_path / "records.jsonl").write_text(lines)
    records = records_of(tmp_path)
    assert results.images_before(trunk.name, records) == 5900
    with pytest.raises(BadInputError, match="is a pretraining, which has no NME"):
        _ = records.get(record.name).known_nme


def test_a_converted_row_shows_its_int8_file():
    run = a_run(0.05, int8_nme=0.0512, float_nme=0.0501, latency_ms=3.456, tail_nme=0.0498, tail_ms=3.7)
    line = results.table_of(results.SystemResults("a", (Row("student", "The student", (run,)),), ()), None)[
        -1
    ]
    assert line == "| The student | 5.00 |  | 5.12 | +0.110 | 3.46 | 4.98 | 3.70 | 2.50 | 300 | 1,000 | 1 |"


def test_the_processor_stands_below_the_table_that_was_timed_on_it():
    timed = Row("student", "The student", (a_run(0.05, latency_ms=3.4, machine="Cortex"),))
    assert "Timed on: Cortex." in results.system_part(SystemResults("kd_net", (timed,), ()))
    assert "Timed on" not in results.system_part(SystemResults("kd_net", (a_row(PLAIN, 0.06),), ()))


def test_every_recipe_has_its_rows_and_their_teachers_stand_once():
    stems = {system: [path.stem for path in results.run_files_of(system)] for system in results.SYSTEMS}
    assert stems["star_swin"] == ["teacher", PLAIN, "student", "student_norm"]
    assert stems["star_swin-edge"] == ["teacher", PLAIN, "student", "student_norm"]
    assert stems["kd_net-edge"][:3] == ["teacher_tolerant", "teacher_tough", PLAIN]
    assert stems["kd_net"][:4] == ["teacher_tolerant", "teacher_tough", PLAIN, "student"]
    assert all(PLAIN in rows and "student" in rows for rows in stems.values())


def test_longer_rows_are_held_against_a_longer_student_alone(tmp_path):
    write_run(tmp_path, "star_swin-edge-student_plain", 0.06)
    write_run(tmp_path, "star_swin-edge-longer_student_plain", 0.045)
    write_run(tmp_path, "star_swin-edge-longer_student", 0.042)
    tables = {found.name: results.system_part(found) for found in results.read_systems(records_of(tmp_path))}
    assert "(-0.30)" in tables["star_swin-edge, longer"]
    assert "Not trained: teacher." in tables["star_swin-edge, longer"]
    assert "4.20" not in tables["star_swin-edge"]
    assert "star_swin, longer" not in tables


def test_the_page_is_written_whole_and_says_how(tmp_path):
    write_run(tmp_path / "runs", "star_swin-teacher", 0.055)
    text = results.write_results(records_of(tmp_path / "runs"), tmp_path / "RESULTS.md")
    assert (tmp_path / "RESULTS.md").read_text() == text
    assert f"python -m training results --runs {tmp_path / 'runs'}" in text
    assert "## star_swin\n" in text


def test_no_run_at_all_says_what_to_run_first(tmp_path):
    with pytest.raises(BadInputError, match="make train distill ablate RECIPE=kd_net"):
        results.write_results(records_of(tmp_path), tmp_path / "RESULTS.md")


def test_a_run_without_its_figure_is_named(tmp_path):
    write_run(tmp_path, "kd_net-student", 0.06)
    (tmp_path / "kd_net-student" / "log.jsonl").write_text('{"step": 1, "images": 32}\n')
    with pytest.raises(BadInputError, match=r"log\.jsonl holds no nme_300w"):
        results.read_system("kd_net", records_of(tmp_path))
