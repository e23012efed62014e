"""`draw`, `mesh-table` and `pseudo-label`: what the open models learn from besides rendered heads."""

import argparse

from device.contract.errors import RefusedError, UsageError
from training.data.drawn_set import write_drawn_heads
from training.data.sets.labelled import LABELS
from training.face_mesh.mesh import FaceMesh
from training.pseudo_labels.fit import fit_to_rendered
from training.pseudo_labels.mesh_table import TABLE, read_table
from training.pseudo_labels.photographs import draw_page, label_photographs, write_photographs


def draw(arguments: argparse.Namespace) -> None:
    """Draw a data set.

    Raises:
        UsageError: a number that makes no sense.
        RefusedError: there are labels already.
    """
    for name, low, high in (("count", 1, 10**6), ("side", 64, 1024)):
        if not low <= getattr(arguments, name) <= high:
            raise UsageError(f"--{name} {getattr(arguments, name)}: wanted {low} to {high}")
    path = write_drawn_heads(arguments.count, arguments.seed, arguments.side, arguments.out)
    print(f"{path}: {arguments.count} heads")


def mesh_table(arguments: argparse.Namespace) -> None:
    """Fit and write the table.

    Raises:
        BadInputError: no rendered heads there, or too few on which the mesh is right.
        MissingOutsideError: no MediaPipe.
    """
    with FaceMesh() as mesh:
        print(fit_to_rendered(arguments.rendered, mesh, arguments.out or TABLE))


def pseudo_label(arguments: argparse.Namespace) -> None:
    """Label the photographs.

    Raises:
        BadInputError: no photographs there, or one cannot be read.
        MissingOutsideError: no MediaPipe.
        RefusedError: there are labels already.
        WriteFailedError: the folder cannot be written.
    """
    if (arguments.out / LABELS).exists():
        raise RefusedError(f"{arguments.out / LABELS} is there already; choose another --out, or remove it")
    with FaceMesh() as mesh:
        made = label_photographs(arguments.photographs, mesh, read_table())
    path = write_photographs(made.kept, arguments.out)
    if arguments.page is not None:
        draw_page(made.kept, arguments.page)
    reasons = "".join(f", {count} left out: {reason}" for reason, count in sorted(made.left_out.items()))
    print(f"{path}: {len(made.kept)} faces{reasons}")
