"""Station 1: read and check the whole handover before any work is done on it."""

import json
from pathlib import Path

from convert.handover.arrays import (
    check_apart,
    load_calibration,
    load_pictures,
    load_reference,
    load_reference_maps,
    load_validation,
)
from convert.handover.description import REMEDY, AnyHandover, read_handover
from convert.handover.finder import FinderHandover
from convert.handover.network import check_network, read_network
from convert.job import Job
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

FILES = ("handover.json", "network.onnx", "calibration.npz", "validation.npz", "reference.npz")


def check_folder(handover: Path) -> None:
    """Say at once which file is missing.

    Raises:
        BadInputError: no such folder, or a file of it is not there.
    """
    if not handover.is_dir():
        raise BadInputError(f"no handover folder at {handover}: give the one that training wrote")
    missing = [name for name in FILES if not (handover / name).is_file()]
    if missing:
        raise BadInputError(f"handover {handover} lacks {', '.join(missing)}; {REMEDY}")


def _check_validation(job: Job, handover: AnyHandover) -> int:
    """Check labels and reference; the number of validation crops."""
    if isinstance(handover, FinderHandover):
        count = len(load_pictures(job.validation, handover).crops)
        load_reference_maps(job.reference, handover, count)
    else:
        count = len(load_validation(job.validation, handover).crops)
        load_reference(job.reference, handover, count)
    return count


def run(job: Job) -> str:
    """Check every file and keep what the report says of the network."""
    handover = read_handover(job.description)
    facts = check_network(read_network(job.network), handover, job.network)
    calibration = load_calibration(job.calibration, handover)
    check_apart(job.calibration, job.validation, handover)
    count = _check_validation(job, handover)
    facts |= {"calibration_crops": len(calibration), "validation_crops": count}
    write_whole_bytes(job.network_facts, (json.dumps(facts, indent=1) + "\n").encode())
    return (
        f"{handover.name}: {facts['parameters']:,} parameters, {len(calibration)} calibration crops, "
        f"{count} validation crops"
    )
