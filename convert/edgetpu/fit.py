"""How much of a .tflite file the Edge TPU would run, operator by operator, without its compiler.

The compiler is a TensorFlow Lite delegate that keeps one part of the graph. TensorFlow Lite sorts
operators into parts by walking the graph in order: a part takes every operator of its kind (mapped or
not) whose inputs are ready, again and again until none is left, then the other kind begins the next.
The first part of mapped operators becomes the one custom operator; whatever depends on an operator
of the CPU behind that stays on the CPU. A leading QUANTIZE from float is a part of its own before it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convert.edgetpu.rules import REFUSE_THE_FILE, Node, reason_against
from convert.edgetpu.versions import unparsable
from convert.tflite.file import Graph, Tensor

MAPPED = "Mapped to Edge TPU"
BEHIND = "More than one subgraph is not supported"

CACHE_BYTES = int(7.5 * 2**20)
"""Parameters that stay on the chip, as compiler logs show it; the rest is sent at each inference."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of one operator."""

    index: int
    name: str
    """As TFLite spells it; a custom operator's own name."""
    mapped: bool
    reason: str
    """Begins with the compiler's words."""

    @property
    def status(self) -> str:
        """The compiler's words alone."""
        return self.reason.split(":")[0]


@dataclass(frozen=True)
class EdgeTpuFit:
    """The whole file."""

    operators: tuple[Verdict, ...]
    parameter_bytes: int
    """Of constants that mapped operators read."""
    largest_activation: Tensor | None

    @property
    def mapped(self) -> int:
        """Operators on the Edge TPU."""
        return sum(verdict.mapped for verdict in self.operators)

    @property
    def unmapped(self) -> int:
        """Operators on the CPU."""
        return len(self.operators) - self.mapped

    @property
    def fully_mapped(self) -> bool:
        """Nothing is left to the CPU."""
        return bool(self.operators) and self.unmapped == 0

    @property
    def before_the_cpu(self) -> int:
        """Mapped operators up to the first behind them, in the file's order, that falls to the CPU."""
        begin = next((verdict.index for verdict in self.operators if verdict.mapped), len(self.operators))
        behind = (verdict.index for verdict in self.operators[begin:] if not verdict.mapped)
        return next(behind, len(self.operators)) - begin

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "operators": [
                {
                    "index": verdict.index,
                    "name": verdict.name,
                    "mapped": verdict.mapped,
                    "reason": verdict.reason,
                }
                for verdict in self.operators
            ],
            "mapped": self.mapped,
            "unmapped": self.unmapped,
            "fully_mapped": self.fully_mapped,
        }


def _part(graph: Graph, suited: Sequence[bool], kind: bool, waiting: set[int], unknown: set[int]) -> set[int]:
    """The next part of one kind; its operators leave `waiting`, its outputs `unknown`."""
    part: set[int] = set()
    grown = True
    while grown:
        before = len(part)
        for place in sorted(waiting):
            node = graph.operators[place]
            if suited[place] is kind and not unknown.intersection(node.inputs):
                part.add(place)
                waiting.remove(place)
                unknown.difference_update(node.outputs)
        grown = len(part) > before
    return part


def compiled_part(graph: Graph, suited: Sequence[bool]) -> set[int]:
    """Places of the operators that become the one custom operator.

    Args:
        graph: the file's.
        suited: for each operator, whether the Edge TPU takes it by itself.
    """
    waiting = set(range(len(graph.operators)))
    unknown = {output for node in graph.operators for output in node.outputs}
    ready = (place for place in sorted(waiting) if not unknown.intersection(graph.operators[place].inputs))
    first = next(ready, None)
    if first is not None and not suited[first]:
        _part(graph, suited, kind=False, waiting=waiting, unknown=unknown)
    return _part(graph, suited, kind=True, waiting=waiting, unknown=unknown)


def _refusal(graph: Graph, reasons: Sequence[str | None]) -> str | None:
    """Why the compiler gives up the whole file; None where it looks at each operator."""
    fatal = (reason for reason in reasons if reason and reason.startswith(REFUSE_THE_FILE))
    return unparsable(graph) or next(fatal, None)


def _verdicts(graph: Graph) -> tuple[Verdict, ...]:
    reasons = [reason_against(Node.of(graph, node)) for node in graph.operators]
    refusal = _refusal(graph, reasons)
    if refusal:
        reasons = [refusal] * len(reasons)
    part = compiled_part(graph, [reason is None for reason in reasons])
    return tuple(
        Verdict(
            place, node.name, place in part, MAPPED if place in part else reason or _why_behind(graph, part)
        )
        for place, (node, reason) in enumerate(zip(graph.operators, reasons, strict=True))
    )


def _why_behind(graph: Graph, part: set[int]) -> str:
    """For an operator that would map, were it not behind the first that does not."""
    first = next(
        (
            place
            for place in range(len(graph.operators))
            if place > min(part, default=-1) and place not in part
        ),
        None,
    )
    return BEHIND if first is None else f"{BEHIND}: it waits for the CPU, as from operator {first} on"


def fit_of(graph: Graph) -> EdgeTpuFit:
    """Judge every operator of a graph."""
    verdicts = _verdicts(graph)
    mapped = [graph.operators[verdict.index] for verdict in verdicts if verdict.mapped]
    read = {place for node in mapped for place in node.inputs if place >= 0}
    parameters = [graph.tensors[place] for place in read if graph.tensors[place].constant]
    made = {place for node in graph.operators for place in node.outputs}
    activations = (*(graph.tensors[place] for place in made), *graph.inputs)
    return EdgeTpuFit(
        operators=verdicts,
        parameter_bytes=sum(tensor.stored_bytes for tensor in parameters),
        largest_activation=max(activations, key=lambda tensor: tensor.size, default=None),
    )


def status_rows(fit: EdgeTpuFit) -> list[tuple[str, int, str]]:
    """Operator, count and status, as the compiler's log lists them."""
    counted = Counter((verdict.name, verdict.status) for verdict in fit.operators)
    return [(name, count, status) for (name, status), count in sorted(counted.items())]
