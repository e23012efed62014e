"""What the weights that run may be used for, said once where a free model is at hand."""

from collections.abc import Mapping
from typing import Any

from device.contract.provenance import all_free
from device.inference.models import OPEN_MODEL, shipped_models


def licence_note(provenances: Mapping[str, Mapping[str, Any]]) -> str:
    """A line on weights that are for research only; empty where all are free, or no free model is shipped.

    Args:
        provenances: of the manifests of what runs, by how people call it.
    """
    bound = [name for name, provenance in provenances.items() if not all_free(provenance)]
    if not bound or OPEN_MODEL not in shipped_models():
        return ""
    return (
        f"{' and '.join(bound)}: the weights are for research only (LICENCES.md); "
        f"those of --model {OPEN_MODEL} are not"
    )
