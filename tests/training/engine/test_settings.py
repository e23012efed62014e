import pytest

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from training.__main__ import make_parser
from training.engine.run_file import read_merged, read_run
from training.finder.settings import is_finder_run, read_finder_run
from training.models import build_model
from training.programs.train import read_settings, settings_from_values
from training.report.show import show_run
from training.tasks.registry import check_network

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
    return {*getattr(run, "teacher_runs", ()), run.start} - {""}


def test_every_run_file_of_the_project_reads(root):
    paths = sorted((root / "training" / "configs").glob("*/*.toml"))
    assert len(paths) >= 5
    finders = [path for path in paths if is_finder_run(read_merged(path))]
    runs = [read_finder_run(path) if path in finders else read_run(path) for path in paths]
    parts = [
        "finder.toml",
        "finding.toml",
        "telling.toml",
        "turned-telling.toml",
        "turned.toml",
    ]
    opened = ["finder-finding.toml", "finder-longer.toml", "finder.toml"]
    assert [path.name for path in finders if path.parent.name == "finder"] == parts
    assert [path.name for path in finders if path.parent.name == "open"] == opened
    assert len(finders) == len(parts) + len(opened)
    names = [run.name for run in runs]
    assert len(set(names)) == len(names)
    # A teacher or a start that is named is a run of the project.
    named = {name for run in runs for name in named_runs(run)}
    assert named <= set(names)


def test_every_run_file_says_what_it_needs_and_how_to_run_it(root):
    for path in (root / "training" / "configs").glob("*/*.toml"):
        header = path.read_text().split("\n\n")[0]
        assert "# Needs:" in header, path
        assert "# Run with:" in header, path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "[loss]\nmpa = 1\n", r"\[loss\]: unknown key 'mpa'; did you mean map"),
        (GOOD + "[los]\nmap = 1\n", "unknown key 'los'"),
        (GOOD.replace("images = 100", ""), r"`images`.*optimiser"),
        (
            GOOD.replace('name = "x"', 'name = "x"\nteachers = ["t"]'),
            "teachers are teacher, its .* none",
        ),
        (GOOD.replace('name = "x"', 'name = "x"\nteachers = "t"'), "wanted a list of names"),
        (GOOD + "[loss]\ndistill_map = 0.1\n", "teachers are none, .* to teacher; make both agree"),
        (GOOD + "[loss]\ndistill_patch = 0.1\n", "listens to teacher; make both agree"),
        (GOOD + '[data]\ntaught_only = ["300w"]\n', "300w to be learnt from teachers alone"),
        (
            GOOD + '[data]\nlabels_only = ["300w"]\n',
            "labels_only is for the task distillation",
        ),
        (
            GOOD.replace("images = 100", 'images = "100"'),
            r"Expected `int`, .*\$.optimiser.images",
        ),
        (
            GOOD.replace('name = "x"', 'name = "x"\ntask = "kdnet"'),
            "task 'kdnet' is unknown, known: ",
        ),
        (GOOD + "[engine]\nprecison = 'bf16'\n", "unknown key 'precison'; did you mean precision"),
        (GOOD.replace('name = "x"', 'name = "x"\nbase = "run.toml"'), "builds on itself"),
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
    path = root / "training" / "configs" / "kd_net" / "student.toml"
    settings = read_run(path)
    arguments = make_parser().parse_args(
        ["train", str(path), "--seed", "3", "--images", "640", "--batch", "4"]
    )
    changed = read_settings(path, arguments)
    assert (changed.name, changed.seed) == ("kd_net-student-seed3", 3)
    assert (changed.optimiser.images, changed.optimiser.batch) == (640, 4)
    assert changed.loss == settings.loss
    unchanged = make_parser().parse_args(["train", str(path)])
    assert read_settings(path, unchanged) == settings


def test_a_row_without_teachers_drops_those_of_its_base(root):
    configs = root / "training" / "configs"
    assert read_run(configs / "star_swin" / "student_plain.toml").teachers == {}
    only = read_run(configs / "kd_net" / "student_tolerant.toml")
    assert only.teachers == {"tolerant": ("kd_net-teacher_tolerant",)}
    # What a row does not say is its base's.
    assert only.loss.assist_tolerant == 1.0
    assert only.optimiser == read_run(configs / "kd_net" / "student.toml").optimiser


def test_every_row_of_a_recipe_sees_equally_many_images_with_the_same_network(root):
    for system in ("kd_net", "star_swin", "efficient_fan"):
        for folder in (system, f"{system}-edge"):
            paths = sorted((root / "training" / "configs" / folder).glob("student*.toml"))
            assert len(paths) >= 3
            runs = [read_run(path) for path in paths]
            assert len({repr((run.model, run.optimiser, run.data, run.augment)) for run in runs}) == 1


def test_show_says_of_every_value_where_it_is_from_and_what_it_would_be_otherwise(tmp_path):
    (tmp_path / "below.toml").write_text(GOOD + "batch = 4\n")
    (tmp_path / "above.toml").write_text('name = "y"\nbase = "below.toml"\n[optimiser]\nimages = 50\n')
    lines = list(show_run(tmp_path / "above.toml", settings_from_values))
    shown = {line.split(" = ")[0]: line.split("#")[-1].strip() for line in lines if " = " in line}
    assert shown["name"] == "above.toml"
    assert shown["images"] == "above.toml"
    assert shown["batch"] == "below.toml, default 32"
    assert shown["ema_decay"] == "default"
    # What is shown is the whole run: read back, it is the same.
    (tmp_path / "shown.toml").write_text("\n".join(lines))
    assert read_run(tmp_path / "shown.toml") == read_run(tmp_path / "above.toml")


def test_show_reads_every_kind_of_run_file(root):
    configs = root / "training" / "configs"
    for path in ("finder/finder.toml", "kd_net/student_tolerant.toml", "landmark_student/base.toml"):
        text = "\n".join(show_run(configs / path, settings_from_values))
        assert "[engine]\nprecision" in text
    assert 'tolerant = ["kd_net-teacher_tolerant"]' in "\n".join(
        show_run(configs / "kd_net/student_tolerant.toml", settings_from_values)
    )


def test_every_run_file_names_a_network_that_its_task_can_train(root):
    configs = root / "training" / "configs"
    for path in sorted(configs.glob("*/*.toml")):
        # The published sizes take a step each in a test of their own, and a finder has one network.
        if path.stem.startswith("published_") or is_finder_run(read_merged(path)):
            continue
        run = read_run(path)
        model = build_model(run.model, SCHEMES[run.scheme].count)
        check_network(model, run.task, path.name)


def reads_its_maps_alike(run, begun):
    """Of star_swin alone: maps fused with two more heads are not what raw maps were."""
    return run.model.arguments.get("fused_graph", True) == begun.model.arguments.get("fused_graph", True)


def is_as_large(run, begun):
    """A network that grows has new weights to learn."""
    sizes = [made.model.arguments.get("backbone_arguments") for made in (run, begun)]
    return sizes[0] == sizes[1]


def test_a_row_that_goes_on_from_its_own_network_does_so_gently(root):
    """At a full rate it first unlearns what it began with, and every comparison is with that."""
    runs = {
        run.name: run for run in map(read_run, sorted((root / "training" / "configs").glob("*_*/*.toml")))
    }
    # Under another head, or from a pretrained trunk, a network has a whole schedule to learn it.
    restarts = [
        run
        for run in runs.values()
        if run.name.startswith(("kd_net", "star_swin", "efficient_fan"))
        and run.start in runs
        and run.model.family == runs[run.start].model.family
        and reads_its_maps_alike(run, runs[run.start])
        and is_as_large(run, runs[run.start])
    ]
    assert len(restarts) >= 8
    assert all(run.optimiser.learning_rate <= 2e-4 for run in restarts)
