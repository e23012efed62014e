"""COFW: 29 points and pictures in one MATLAB 7.3 (HDF5) file a part (Burgos-Artizzu et al., ICCV 2013).

    COFW_train_color.mat: IsTr (cells of pictures), phisTr (29 x, 29 y, 29 occlusions a face)
    COFW_test_color.mat:  IsT,                      phisT

MATLAB counts pixels from 1.
"""

from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample
from training.data.sets.usable import usable

PARTS = {"train": ("COFW_train_color.mat", "IsTr", "phisTr"), "test": ("COFW_test_color.mat", "IsT", "phisT")}
"""File, pictures and labels of each part."""
SOURCE = "COFW (colour) can be downloaded from data.caltech.edu/records/bc0bf-nc666"


def read_cofw(folder: Path, part: str) -> Faces:
    """Every face of a part, in scheme cofw_29.

    Args:
        folder: holds the .mat files.
        part: train or test.

    Raises:
        BadInputError: the file is missing or damaged, or holds other labels.
    """
    file_name, pictures, labels = PARTS[part]
    path = folder / file_name
    if not path.is_file():
        raise BadInputError(f"no {path}: wanted COFW's colour {part} file; {SOURCE}")
    import h5py

    try:
        with h5py.File(path) as file:
            rows = np.asarray(file[labels], np.float32).T
            count = int(np.prod(file[pictures].shape))
    except (OSError, KeyError) as error:
        raise BadInputError(f"{path} cannot be read as MATLAB 7.3 ({error}); {SOURCE}") from error
    if rows.ndim != 2 or rows.shape != (count, 87):
        raise BadInputError(f"{path}: {labels} is {rows.shape}, wanted ({count}, 87); {SOURCE}")
    # (N, 3, 29): x, y, occluded.
    points = rows.reshape(count, 3, 29)[:, :2].transpose(0, 2, 1) - 1
    samples = [
        Sample(f"cofw/{part}/{number:04d}", path / pictures / str(number), landmarks, "cofw")
        for number, landmarks in enumerate(points)
    ]
    return usable(samples, origin=1)
