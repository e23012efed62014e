"""A station runs when what decides its outputs has changed, and only then."""

import io

import pytest

from convert import pipeline
from convert.job import Job, Settings
from convert.pipeline import Station, run_pipeline
from device.contract.errors import GateError, WriteFailedError
from device.contract.files import write_whole_bytes


class Workshop:
    """Two stations over text files: double the handover's text, then append the budget."""

    def __init__(self, folder):
        self.handover, self.out = folder / "handover", folder / "out"
        self.handover.mkdir()
        self.network = self.handover / "network.onnx"
        self.network.write_text("ab")
        self.fails = False
        self.stations = (
            Station("double", self.double, lambda job: (job.network,), lambda job: (job.onnx,)),
            Station(
                "append",
                self.append,
                lambda job: (job.onnx,),
                lambda job: (job.report,),
                lambda job: {"budget": job.settings.int8_budget_points},
            ),
        )

    def double(self, job):
        write_whole_bytes(job.onnx, job.network.read_bytes() * 2)
        return "doubled"

    def append(self, job):
        write_whole_bytes(job.report, job.onnx.read_bytes() + str(job.settings.int8_budget_points).encode())
        if self.fails:
            raise GateError("too much")
        return "appended"

    def run(self, budget=1.0):
        job = Job(self.handover, self.out, self.handover, Settings(budget))
        self.progress = io.StringIO()
        return run_pipeline(job, self.progress, self.stations)


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


def test_every_station_runs_once_and_a_second_run_does_nothing(workshop):
    assert workshop.run() == ("double", "append")
    assert (workshop.out / "conversion.json").read_text() == "abab1.0"
    assert workshop.run() == ()
    assert workshop.progress.getvalue().count("unchanged") == 2


def test_progress_is_one_numbered_line_a_station(workshop):
    workshop.run()
    lines = workshop.progress.getvalue().splitlines()
    assert [line.split()[:2] for line in lines] == [["[1/2]", "double"], ["[2/2]", "append"]]
    assert [line.split()[-1] for line in lines] == ["doubled", "appended"]


def test_a_changed_input_runs_its_station_and_those_behind_it(workshop):
    workshop.run()
    workshop.network.write_text("cd")
    assert workshop.run() == ("double", "append")
    assert (workshop.out / "conversion.json").read_text() == "cdcd1.0"


def test_a_changed_setting_runs_only_the_station_it_decides(workshop):
    workshop.run()
    assert workshop.run(budget=2.0) == ("append",)


def test_an_output_that_was_touched_or_removed_is_made_again(workshop):
    workshop.run()
    (workshop.out / "conversion.json").write_text("meddled")
    assert workshop.run() == ("append",)
    (workshop.out / "work" / "student.onnx").unlink()
    assert workshop.run() == ("double",)


def test_a_station_that_fails_leaves_no_record_and_runs_again(workshop):
    workshop.fails = True
    with pytest.raises(GateError):
        workshop.run()
    with pytest.raises(GateError):
        workshop.run()
    workshop.fails = False
    assert workshop.run() == ("append",)


def test_changed_code_runs_everything_again(workshop, monkeypatch):
    workshop.run()
    monkeypatch.setattr(pipeline, "code_digest", lambda: "another")
    assert workshop.run() == ("double", "append")


def test_a_damaged_record_counts_as_none(workshop):
    workshop.run()
    (workshop.out / "work" / "records" / "double.json").write_text("{")
    assert workshop.run() == ("double",)


def test_folders_that_were_moved_are_still_up_to_date(workshop, tmp_path):
    workshop.run()
    (tmp_path / "elsewhere").mkdir()
    workshop.out = workshop.out.rename(tmp_path / "elsewhere" / "out")
    assert workshop.run() == ()


def test_an_out_that_is_a_file_is_refused(workshop):
    workshop.out.write_text("in the way")
    with pytest.raises(WriteFailedError, match="cannot write"):
        workshop.run()


def test_the_code_digest_covers_the_stations_and_the_contract(monkeypatch, tmp_path):
    for name in ("convert/stations/check.py", "device/contract/codec.py", "device/sinks.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a = 1\n")
    monkeypatch.setattr(pipeline, "ROOT", tmp_path)
    digests = [pipeline.code_digest()]
    for name in ("convert/stations/check.py", "device/contract/codec.py", "device/sinks.py"):
        (tmp_path / name).write_text("a = 2\n")
        digests.append(pipeline.code_digest())
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]


def test_stations_read_only_what_the_handover_or_an_earlier_station_wrote():
    job = Job(*(pipeline.ROOT / name for name in ("handover", "out", "python")))
    known = {job.description, job.network, job.calibration, job.validation, job.reference}
    for station in pipeline.STATIONS:
        assert set(station.inputs(job)) <= known, station.name
        known |= set(station.outputs(job))
    assert {*job.delivered, job.report} <= known
