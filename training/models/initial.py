"""Begin with given weights: a state dict that someone else has trained."""

import logging
from pathlib import Path

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.efficientnet_lite import OFFSET
from training.models.name_tables import TABLES, fold_input, renamed
from training.models.saved import load_saved

LOG = logging.getLogger(__name__)

IMAGENET = (
    tuple(128 / 255 / deviation for deviation in (0.229, 0.224, 0.225)),
    tuple((128 / 255 - mean) / std for mean, std in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))),
)
"""Scale and offset, of R, G and B, that make (pixel / 255 - mean) / deviation, which timm's and torchvision's
weights expect, of our (pixel - 128) / 128."""
LITE = (1.0, 1.0, 1.0), (OFFSET, OFFSET, OFFSET)
"""Likewise of (pixel - 127) / 128."""

INPUTS = {
    ("EfficientNetLite", "package"): LITE,
    ("EfficientNetLite", "timm"): IMAGENET,
    ("EfficientNetBackbone", "timm"): IMAGENET,
    ("EfficientNetBackbone", "torchvision"): IMAGENET,
    ("EfficientNetBackbone", "transformers"): IMAGENET,
    ("MobileNetV2Backbone", "timm"): IMAGENET,
    ("MobileNetV2Backbone", "torchvision"): IMAGENET,
    ("SwinV2Backbone", "timm"): IMAGENET,
    ("SwinV2Backbone", "transformers"): IMAGENET,
}
"""Inputs that published weights expect, by backbone and library; the others are taken as they are, and the
first BatchNorm learns the rest."""
FIRST_LAYERS = {
    "EfficientNetLite": ("stem.conv", "stem.norm.running_mean"),
    "EfficientNetBackbone": ("embeddings.convolution", "embeddings.batchnorm.running_mean"),
    "MobileNetV2Backbone": ("stem.first_conv.convolution", "stem.first_conv.normalization.running_mean"),
    "SwinV2Backbone": (
        "network.embeddings.patch_embeddings.projection",
        "network.embeddings.patch_embeddings.projection.bias",
    ),
}
"""First layer of each, and the tensor behind it that takes up a constant."""


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, a state dict or one of this project's network.pt.

    Raises:
        BadInputError: no such file, or none of these.
    """
    if not path.is_file():
        raise BadInputError(f"--init {path}: no such file; give a state dict (.pt, .safetensors)")
    remedy = "give a state dict"
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise BadInputError(f"--init {path} cannot be read ({error}); {remedy}") from error
    values = load_saved(path, f"--init {path}", remedy)
    for key in ("weights", "state_dict", "model"):
        if isinstance(values, dict) and isinstance(values.get(key), dict):
            values = values[key]
    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise BadInputError(f"--init {path} holds no state dict: wanted tensors by name")
    return values


def _matched(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of `state` by the model's names: the end of a name is the same, and the shape.

    A backbone saved by itself lacks our prefix, one saved within a classifier has one of its own.
    """
    own = model.state_dict()
    by_end: dict[str, list[str]] = {}
    for name in own:
        parts = name.split(".")
        for start in range(len(parts)):
            by_end.setdefault(".".join(parts[start:]), []).append(name)
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        parts = name.split(".")
        for start in range(len(parts) - 1):
            # The longest common ending decides, and only if it names one tensor.
            targets = by_end.get(".".join(parts[start:]), [])
            if len(targets) == 1 and own[targets[0]].shape == tensor.shape:
                found[targets[0]] = tensor
                break
    return found


def take_weights(model: nn.Module, state: dict[str, Tensor], where: str) -> None:
    """Put tensors into the model where name and shape agree; say how many did.

    Args:
        model: to be changed.
        state: tensors by name.
        where: they come from, for people.

    Raises:
        BadInputError: nothing in it fits.
    """
    found = _matched(model, state)
    if not found:
        raise BadInputError(
            f"{where}: none of its {len(state)} tensors fits {type(model).__name__}; "
            "give weights of the run file's backbone"
        )
    model.load_state_dict(found, strict=False)
    LOG.warning("%s: %d of the network's %d tensors taken", where, len(found), len(model.state_dict()))


def translated(backbone: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A published state dict under the backbone's names and for our input; any other as it is.

    The library is the one whose names fit most of the backbone's tensors, more than half of them.
    """
    own = backbone.state_dict()
    best, library = state, ""
    most = len(own) / 2
    for name, table in TABLES.get(type(backbone).__name__, {}).items():
        ours = renamed(state, table)
        count = sum(key in own and own[key].shape == tensor.shape for key, tensor in ours.items())
        if count > most:
            best, library, most = ours, name, count
    inputs = INPUTS.get((type(backbone).__name__, library))
    return best if inputs is None else fold_input(best, *FIRST_LAYERS[type(backbone).__name__], *inputs)


def load_initial(model: nn.Module, path: Path) -> None:
    """Take a file's weights: a published backbone's, or tensors named as ours.

    Raises:
        BadInputError: the file cannot be read, or nothing in it fits.
    """
    state = read_state(path)
    backbone = getattr(model, "backbone", None)
    if isinstance(backbone, nn.Module):
        state = translated(backbone, state)
    take_weights(model, state, f"--init {path}")
