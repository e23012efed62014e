"""What `python -m convert check` prints of a file for a person."""

import json
from pathlib import Path

from convert.edgetpu.compile import COMPILED_OPERATOR
from convert.edgetpu.fit import CACHE_BYTES, EdgeTpuFit, fit_of, status_rows
from convert.edgetpu.replacements import replacements
from convert.tflite.file import Graph, read_graph
from device.contract.errors import BadInputError

MIB = 2**20


def _budget(fit: EdgeTpuFit) -> list[str]:
    stays = "all stay on the chip" if fit.parameter_bytes <= CACHE_BYTES else "the rest is sent each time"
    lines = [
        f"{fit.before_the_cpu} operators run on the Edge TPU before the first that falls to the CPU",
        f"parameters {fit.parameter_bytes / MIB:.2f} MiB of about {CACHE_BYTES / MIB:g} MiB: {stays}",
    ]
    largest = fit.largest_activation
    if largest is not None:
        lines.append(f"largest activation {largest.shape}, {largest.size:,} elements ({largest.name})")
    return lines


def page(name: str, graph: Graph, fit: EdgeTpuFit) -> str:
    """Counts by status, the first operator on the CPU, and what to write instead."""
    total = len(fit.operators)
    lines = [f"{name}: {fit.mapped} of {total} operators map to the Edge TPU", ""]
    lines += [f"{title:<28}{count:>5}  {status}" for title, count, status in status_rows(fit)]
    lines += ["", *_budget(fit)]
    if graph.subgraphs > 1:
        lines.append(f"only the first of {graph.subgraphs} subgraphs is judged")
    for verdict in fit.operators:
        if not verdict.mapped:
            lines.append(f"first on the CPU: operator {verdict.index}, {verdict.name}: {verdict.reason}")
            break
    if not fit.fully_mapped:
        lines += [f"friendlier: {found.sentence()}" for found in replacements(graph)]
    return "\n".join(lines)


def check_file(model: Path, *, as_json: bool) -> tuple[str, bool]:
    """Judge a file; its page or its JSON, and whether it maps whole.

    Raises:
        BadInputError: no such file, not a whole .tflite file, or one that is compiled already.
    """
    graph = read_graph(model)
    if any(node.name == COMPILED_OPERATOR for node in graph.operators):
        raise BadInputError(
            f"{model} is compiled for the Edge TPU already ({COMPILED_OPERATOR}), wanted the file before that"
        )
    fit = fit_of(graph)
    text = json.dumps(fit.to_dict(), indent=1) if as_json else page(model.name, graph, fit)
    return text, fit.fully_mapped
