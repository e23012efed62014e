"""A tiny twin of the student and the handover that training would write for it."""

import json
from pathlib import Path

import numpy as np

SIDE, CELLS, COUNT = 128, 32, 68

DESCRIPTION = {
    "schema": 1,
    "name": "tiny",
    "scheme": "ibug_68",
    "crop": {"margin": 1.3, "size_wh": [SIDE, SIDE], "channels": "bgr"},
    "codec": {"name": "softmax_expectation", "stride": 4, "half_score_px": 6.0},
    "provenance": {"recipe": "test", "seed": 0},
}


def blotches(count: int, seed: int) -> np.ndarray:
    """(count, 128, 128, 3) uint8 pictures of coloured squares with grain, none using 0 or 255."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (count, 8, 8, 3))
    fine = rng.integers(-30, 31, (count, SIDE, SIDE, 3))
    return (coarse.repeat(16, axis=1).repeat(16, axis=2) + fine).astype(np.uint8)


def ring_of_landmarks(count: int) -> np.ndarray:
    """(count, 68, 2) float32: points around a circle, the outer eye corners well apart."""
    angle = np.arange(COUNT) / COUNT * 2 * np.pi
    ring = 63.5 + 40 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.repeat(ring[None], count, axis=0).astype(np.float32)


def write_crops(folder: Path, calibration: np.ndarray, validation: np.ndarray) -> None:
    names = np.array([f"face_{number}" for number in range(len(calibration))])
    np.savez(folder / "calibration.npz", crops=calibration, names=names)
    np.savez(
        folder / "validation.npz",
        crops=validation,
        landmarks_crop=ring_of_landmarks(len(validation)),
        names=np.array([f"other_face_{number}" for number in range(len(validation))]),
    )


def make_network(pooling: str = "avg_pool2d"):
    """Strided stages to 4x4, three steps up, 68 raw maps and a logit; the weights are random."""
    import torch
    from torch import nn
    from torch.nn import functional

    def unit(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            widths = (3, 8, 8, 12, 12, 16)
            self.stages = nn.ModuleList(unit(widths[n], widths[n + 1], 2) for n in range(5))
            self.blocks = nn.ModuleList(unit(width, width, 1) for width in widths[1:])
            self.laterals = nn.ModuleList(nn.Conv2d(width, 8, 1) for width in widths[2:])
            self.mixes = nn.ModuleList(unit(8, 8, 1) for _ in range(3))
            self.heatmap = nn.Conv2d(8, COUNT, 1)
            self.presence = nn.Linear(widths[-1], 1)

        def forward(self, image):
            features, levels = image, []
            for stage, block in zip(self.stages, self.blocks, strict=True):
                features = stage(features)
                features = functional.relu(features + block(features))
                levels.append(features)
            grown = self.laterals[3](levels[4])
            for place in (2, 1, 0):
                grown = functional.interpolate(grown, scale_factor=2.0, mode="nearest")
                grown = self.mixes[place](grown + self.laterals[place](levels[place + 1]))
            if pooling == "mean":
                pooled = levels[4].mean((2, 3))
            else:
                pooled = functional.avg_pool2d(levels[4], 4).flatten(1)
            return self.heatmap(grown), self.presence(pooled)

    torch.manual_seed(0)
    network = Tiny()
    with torch.no_grad():
        # Statistics as after training, so that folding BatchNorm has something to fold.
        network.train()
        pictures = torch.from_numpy(blotches(16, seed=9).astype(np.float32).transpose(0, 3, 1, 2))
        for _ in range(20):
            network((pictures - 128) / 128)
        # Peaks of a few units: landmarks then leave the middle of the crop.
        network.heatmap.weight *= 6
    return network.eval()


def aware(network):
    """The same network as quantisation-aware training sees it: rounded weights, input and outputs."""
    import copy

    import torch
    from torch import nn

    class RoundedConvolution(nn.Module):
        def __init__(self, convolution: nn.Conv2d) -> None:
            super().__init__()
            self.convolution = convolution
            scales = convolution.weight.detach().abs().amax((1, 2, 3)) / 127
            self.register_buffer("scales", scales)
            self.register_buffer("zeros", torch.zeros(len(scales), dtype=torch.int32))

        def forward(self, image):
            inner = self.convolution
            weight = torch.fake_quantize_per_channel_affine(
                inner.weight, self.scales, self.zeros, 0, -127, 127
            )
            return nn.functional.conv2d(image, weight, inner.bias, inner.stride, inner.padding)

    class Aware(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = copy.deepcopy(network)
            self.network.heatmap = RoundedConvolution(self.network.heatmap)

        def forward(self, image):
            heatmap, presence = self.network(
                torch.fake_quantize_per_tensor_affine(image, 1 / 128, 0, -128, 127)
            )
            return torch.fake_quantize_per_tensor_affine(heatmap, 0.1, 0, -128, 127), presence

    return Aware().eval()


def write_network(path: Path, network) -> None:
    from training.export.onnx_file import write_onnx

    write_onnx(network, (SIDE, SIDE), ("heatmap", "presence"), path)


def write_reference(folder: Path, network, crops: np.ndarray) -> None:
    """What the PyTorch network says of the validation crops."""
    from device.contract.decoding import landmark_decoder
    from device.contract.manifest import CodecRule
    from training.export.handover import write_reference

    decode = landmark_decoder(CodecRule(**DESCRIPTION["codec"]), (SIDE, SIDE), COUNT)
    write_reference(network, crops, decode, folder / "reference.npz")


def write_handover(folder: Path, network) -> Path:
    """All five files, valid together."""
    write_network(folder / "network.onnx", network)
    write_crops(folder, blotches(24, seed=1), blotches(12, seed=2))
    write_reference(folder, network, blotches(12, seed=2))
    (folder / "handover.json").write_text(json.dumps(DESCRIPTION))
    return folder
