import pytest

from device.contract.errors import BadInputError
from training.engine.settings import read_merged, read_run, read_values
from training.engine.system_settings import is_system_run, read_system_run
from training.finder.settings import is_finder_run, read_finder_run

GOOD = """
name = "x"
[model]
family = "landmark_student"
input_side = 128
arguments = {}
[optimiser]
images = 100
"""


def named_runs(run):
    """Names of the runs that one learns from."""
    teachers = getattr(run, "teachers", ())
    teachers = teachers.values() if isinstance(teachers, dict) else teachers
    return {*teachers, getattr(run, "start", "")} - {""}


def test_every_run_file_of_the_project_reads(root):
    paths = sorted((root / "training" / "configs").rglob("*.toml"))
    assert len(paths) >= 5
    finders = [path for path in paths if is_finder_run(read_values(path))]
    systems = [path for path in paths if is_system_run(read_merged(path))]
    assert len(systems) >= 37
    readers = {**dict.fromkeys(finders, read_finder_run), **dict.fromkeys(systems, read_system_run)}
    runs = [readers.get(path, read_run)(path) for path in paths]
    assert [path.name for path in finders] == ["finder.toml", "finding.toml", "telling.toml"]
    names = [run.name for run in runs]
    assert len(set(names)) == len(names)
    # A teacher or a start that is named is a run of the project.
    named = {name for run in runs for name in named_runs(run)}
    assert named <= set(names)


def test_every_run_file_says_what_it_needs_and_how_to_run_it(root):
    for path in (root / "training" / "configs").rglob("*.toml"):
        header = path.read_text().split("\n\n")[0]
        assert "# Needs:" in header, path
        assert "# Run with:" in header, path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "[loss]\nmpa = 1\n", r"\[loss\]: unknown key 'mpa', known: .*map"),
        (GOOD + "[los]\nmap = 1\n", "unknown key 'los'"),
        (GOOD.replace("images = 100", ""), r"\[optimiser\].*images"),
        (GOOD.replace('name = "x"', 'name = "x"\nteachers = ["t"]'), "give both or neither"),
        (GOOD.replace('name = "x"', 'name = "x"\nteachers = "t"'), "wanted a list of names"),
        (GOOD + "[loss]\ndistill_map = 0.1\n", "give both or neither"),
        (GOOD + "[loss]\ndistill_patch = 0.1\n", "asks for distill_patch; give both or neither"),
        (GOOD + '[data]\ntaught_only = ["300w"]\n', "300w to be learnt from teachers alone"),
        ("name = ", "run file"),
    ],
)
def test_a_run_file_with_a_mistake_is_named_with_its_fault(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=message):
        read_run(path)


def test_a_missing_run_file_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no run file .*gone\.toml"):
        read_run(tmp_path / "gone.toml")


def test_the_command_line_changes_the_seed_and_the_budget_of_any_run(root):
    from training.__main__ import _with_changes, make_parser

    path = root / "training" / "configs" / "kd_net" / "student.toml"
    settings = read_system_run(path)
    arguments = make_parser().parse_args(
        ["train", str(path), "--seed", "3", "--images", "640", "--batch", "4"]
    )
    changed = _with_changes(settings, arguments)
    assert (changed.name, changed.seed) == ("kd_net-student-seed3", 3)
    assert (changed.optimiser.images, changed.optimiser.batch) == (640, 4)
    assert changed.loss == settings.loss
    unchanged = make_parser().parse_args(["train", str(path)])
    assert _with_changes(settings, unchanged) == settings


def test_a_row_without_teachers_drops_those_of_its_base(root):
    configs = root / "training" / "configs"
    assert read_system_run(configs / "star_swin" / "student_plain.toml").teachers == {}
    only = read_system_run(configs / "kd_net" / "student_tolerant.toml")
    assert only.teachers == {"tolerant": "kd_net-teacher_tolerant"}
    # What a row does not say is its base's.
    assert only.loss.assist_tolerant == 1.0
    assert only.optimiser == read_system_run(configs / "kd_net" / "student.toml").optimiser


def test_every_row_of_a_recipe_sees_equally_many_images_with_the_same_network(root):
    for system in ("kd_net", "star_swin", "efficient_fan"):
        for folder in (system, f"{system}-edge"):
            paths = sorted((root / "training" / "configs" / folder).glob("student*.toml"))
            assert len(paths) >= 3
            runs = [read_system_run(path) for path in paths]
            assert len({repr((run.model, run.optimiser, run.data, run.augment)) for run in runs}) == 1
