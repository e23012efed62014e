"""A finished run keeps its error on each validation face, for comparisons face by face."""

import numpy as np
import pytest

from device.contract.errors import BadInputError
from tests.training.engine.test_loop import tiny_parts
from training.engine.loop import Loop
from training.engine.run import keep_face_errors
from training.engine.run_log import last_row
from training.engine.validation import FACE_ERRORS, read_face_errors


def test_the_mean_of_the_kept_errors_is_the_logged_figure(tmp_path):
    parts = tiny_parts(tmp_path / "run")
    Loop(parts).run()
    keep_face_errors(parts)
    kept = read_face_errors(parts.folder)
    assert kept.names == parts.validation.names
    source = kept.sources[0]
    assert kept.of(source).errors.mean() == pytest.approx(
        last_row(parts.folder, f"nme_{source}")[f"nme_{source}"]
    )
    assert len(kept.of("another set").errors) == 0


def test_an_unfinished_run_keeps_none(tmp_path):
    parts = tiny_parts(tmp_path / "run")
    Loop(parts).run(stop_at=1)
    keep_face_errors(parts)
    assert read_face_errors(parts.folder) is None


def test_what_is_kept_is_not_measured_twice(tmp_path):
    parts = tiny_parts(tmp_path / "run")
    Loop(parts).run()
    keep_face_errors(parts)
    first = (parts.folder / FACE_ERRORS).stat().st_mtime_ns
    keep_face_errors(parts)
    assert (parts.folder / FACE_ERRORS).stat().st_mtime_ns == first


def test_a_damaged_file_names_its_remedy(tmp_path):
    (tmp_path / FACE_ERRORS).write_bytes(b"PK")
    with pytest.raises(BadInputError, match="give the run's command again"):
        read_face_errors(tmp_path)
    np.savez(tmp_path / FACE_ERRORS, errors=np.zeros(2))
    with pytest.raises(BadInputError, match="face_errors"):
        read_face_errors(tmp_path)
