"""Everything that a run learns from, gathered where it is opened."""

from collections.abc import Sequence
from pathlib import Path

from device.contract.files import sha256_of
from device.contract.provenance import FREE, UNKNOWN, Source, merged
from training.engine.checkpoint import load_values, recorded_sources
from training.engine.run_parts import LoopOptions
from training.engine.settings import CommonSettings
from training.models import ModelSettings
from training.models.pretrained import package_file

TRUNK = "EfficientNet-Lite"


def sources_of_weights(
    settings: CommonSettings, teachers: Sequence[str], runs: Path, options: LoopOptions
) -> tuple[Source, ...]:
    """What the runs before had learnt from, and weights from outside.

    Raises:
        BadInputError: one of the runs is not finished.
    """
    before = [name for name in (settings.start, *teachers) if name]
    inherited = [recorded_sources(load_values(runs / name / "network.pt")) for name in before]
    given = []
    if options.initial is not None:
        given.append(Source(options.initial.name, UNKNOWN, sha256_of(options.initial), "initial weights"))
    model = getattr(settings, "model", None)
    if isinstance(model, ModelSettings) and model.pretrained:
        size = str(model.arguments.get("backbone_arguments", {}).get("size", "lite0"))
        given.append(Source(TRUNK, FREE[TRUNK], sha256_of(package_file(size)), "initial weights"))
    return merged(*inherited, given)
