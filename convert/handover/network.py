"""The exported program of a handover, loaded without torch's own chatter."""

import logging
import pickle
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from device.contract.errors import BadInputError

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import Node

FAKE_QUANTISERS = ("aten.fake_quantize_per_", "aten._fake_quantize_learnable_per_")
"""How the operators' names begin that quantisation-aware training puts behind weights and activations."""


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Silence warnings and log lines: torch logs a traceback even for errors that it then raises."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def fake_quantisers(program: "ExportedProgram") -> list["Node"]:
    """The nodes that only imitate int8's rounding."""
    return [node for node in program.graph.nodes if str(node.target).startswith(FAKE_QUANTISERS)]


def take_out(program: "ExportedProgram", nodes: Iterable["Node"]) -> None:
    """Let each node's input go where its output went; the program is changed in place."""
    renamed = {}
    for node in nodes:
        (source, *_) = node.args
        renamed[node.name] = source.name  # type: ignore[union-attr]
        node.replace_all_uses_with(source)  # type: ignore[arg-type]
        program.graph.erase_node(node)
    for output in program.graph_signature.output_specs:
        output.arg.name = renamed.get(output.arg.name, output.arg.name)
    program.graph_module.recompile()


def load_network(path: Path) -> "ExportedProgram":
    """The network in plain float: fake quantisers are taken out, for TFLite rounds by itself.

    Raises:
        BadInputError: as `read_network`.
    """
    program = read_network(path)
    take_out(program, fake_quantisers(program))
    return program


def read_network(path: Path) -> "ExportedProgram":
    """The program as training saved it with torch.export.save.

    Raises:
        BadInputError: not such a file, or damaged.
    """
    import torch

    try:
        with quiet_torch():
            return torch.export.load(path)
    except (RuntimeError, ValueError, KeyError, OSError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(
            f"{path} is no exported program ({reason}); wanted a file of torch.export.save: "
            f"write the handover again"
        ) from error
