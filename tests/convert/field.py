"""Landmark networks of the field, built from their published descriptions with random weights, small."""

import torch
from torch import nn
from torch.nn import functional

SIDE = 64


def conv(inputs, outputs, kernel=3, stride=1, groups=1, act=nn.ReLU):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


class SqueezeExcite(nn.Module):
    """Hu et al., CVPR 2018, with MobileNetV3's hard sigmoid."""

    def __init__(self, width):
        super().__init__()
        self.down, self.up = nn.Conv2d(width, 8, 1), nn.Conv2d(8, width, 1)

    def forward(self, x):
        pooled = functional.adaptive_avg_pool2d(x, 1)
        return x * functional.hardsigmoid(self.up(functional.relu(self.down(pooled))))


class Inverted(nn.Module):
    """MobileNetV2's block (Sandler et al., CVPR 2018), or V3's with `excite` (Howard et al., ICCV 2019)."""

    def __init__(self, inputs, outputs, stride, act=nn.ReLU6, excite=False):
        super().__init__()
        inner = inputs * 2
        parts = [conv(inputs, inner, 1, act=act), conv(inner, inner, 3, stride, inner, act)]
        self.body = nn.Sequential(
            *parts, *([SqueezeExcite(inner)] if excite else []), conv(inner, outputs, 1, act=None)
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class Regressor(nn.Module):
    """A trunk, then all coordinates by one linear layer."""

    def __init__(self, trunk, width, points):
        super().__init__()
        self.trunk, self.head = trunk, nn.Linear(width, 2 * points)

    def forward(self, x):
        return self.head(functional.adaptive_avg_pool2d(self.trunk(x), 1).flatten(1))


class Pfld(nn.Module):
    """PFLD (Guo et al., arXiv 1902.10859): MobileNetV2 blocks, then a linear layer on three scales."""

    def __init__(self, points=98):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 3, 2), conv(16, 16, 3, 1, 16))
        self.first = nn.Sequential(Inverted(16, 16, 2, nn.ReLU), Inverted(16, 16, 1, nn.ReLU))
        self.second, self.third = Inverted(16, 24, 2, nn.ReLU), conv(24, 32, 3, 2)
        self.fourth = nn.Sequential(nn.Conv2d(32, 32, SIDE // 16), nn.ReLU())
        self.head = nn.Linear(24 + 32 + 32, 2 * points)

    def forward(self, x):
        one = self.second(self.first(self.stem(x)))
        two = self.third(one)
        three = self.fourth(two).flatten(1)
        pooled = [functional.adaptive_avg_pool2d(each, 1).flatten(1) for each in (one, two)]
        return self.head(torch.cat([*pooled, three], 1))


class UNet(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) with transposed convolutions, one map a point."""

    def __init__(self, points=68):
        super().__init__()
        self.down = nn.ModuleList([conv(3, 8), conv(8, 16, 3, 2), conv(16, 32, 3, 2)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)])
        self.mix = nn.ModuleList([conv(32, 16), conv(16, 8)])
        self.head = nn.Conv2d(8, points, 1)

    def forward(self, x):
        one = self.down[0](x)
        two = self.down[1](one)
        grown = self.up[0](self.down[2](two))
        grown = self.up[1](self.mix[0](torch.cat([grown, two], 1)))
        return self.head(self.mix[1](torch.cat([grown, one], 1)))


class Hrnet(nn.Module):
    """HRNet (Sun et al., CVPR 2019): two resolutions, exchanged by strides and bilinear growth."""

    def __init__(self, points=68):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 3, 2), conv(16, 16, 3, 2))
        self.high, self.low = conv(16, 16), conv(16, 32, 3, 2)
        self.rise, self.head = conv(32, 16, 1, act=None), nn.Conv2d(48, points, 1)

    def forward(self, x):
        high = self.high(self.stem(x))
        low = self.low(high)
        mixed = functional.relu(high + functional.interpolate(self.rise(low), scale_factor=2, mode="nearest"))
        grown = functional.interpolate(low, size=high.shape[2:], mode="bilinear", align_corners=False)
        return self.head(torch.cat([mixed, grown], 1))


class SimCc(nn.Module):
    """SimCC (Li et al., ECCV 2022): for each point a distribution along x and one along y."""

    def __init__(self, points=68):
        super().__init__()
        self.trunk = nn.Sequential(conv(3, 16, 3, 2), conv(16, 24, 3, 2), conv(24, points, 3, 2))
        self.x, self.y = nn.Linear((SIDE // 8) ** 2, 2 * SIDE), nn.Linear((SIDE // 8) ** 2, 2 * SIDE)

    def forward(self, x):
        rows = self.trunk(x).flatten(2)
        return self.x(rows), self.y(rows)


class Attention(nn.Module):
    """Self-attention over the cells of a map (MobileViT, Mehta and Rastegari, ICLR 2022)."""

    def __init__(self, width, heads=2):
        super().__init__()
        self.norm, self.qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.out, self.heads = nn.Linear(width, width), heads

    def forward(self, x):
        batch, width, high, wide = x.shape
        rows = self.norm(x.flatten(2).transpose(1, 2))
        qkv = self.qkv(rows).reshape(batch, high * wide, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        mixed = self.out((weights @ v).transpose(1, 2).reshape(batch, high * wide, width))
        return x + mixed.transpose(1, 2).reshape(batch, width, high, wide)


class Rolled(nn.Module):
    """SwinV2's shifted window (Liu et al., CVPR 2022): roll, cosine attention within it, roll back."""

    def __init__(self, width):
        super().__init__()
        self.qkv, self.scale = nn.Linear(width, 3 * width), nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        batch, width, high, wide = x.shape
        rows = torch.roll(x, (-2, -2), (2, 3)).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(rows).chunk(3, -1)
        weights = (
            functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-2, -1)
        ) * self.scale
        mixed = (weights.softmax(-1) @ v).transpose(1, 2).reshape(batch, width, high, wide)
        return x + torch.roll(mixed, (2, 2), (2, 3))


class Norms(nn.Module):
    """ConvNeXt's block (Liu et al., CVPR 2022): LayerNorm over channels, GELU; here with SiLU behind it."""

    def __init__(self, width):
        super().__init__()
        self.norm, self.up, self.down = (
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.Linear(2 * width, width),
        )

    def forward(self, x):
        rows = self.down(functional.gelu(self.up(self.norm(x.permute(0, 2, 3, 1)))))
        return functional.silu(x + rows.permute(0, 3, 1, 2))


class GridSample(nn.Module):
    """A spatial transformer (Jaderberg et al., NeurIPS 2015) with a fixed grid."""

    def __init__(self, side):
        super().__init__()
        rows = torch.linspace(-0.9, 0.9, side)
        self.register_buffer("grid", torch.stack(torch.meshgrid(rows, rows, indexing="xy"), -1)[None])

    def forward(self, x):
        return functional.grid_sample(x, self.grid.expand(len(x), -1, -1, -1), align_corners=False)


class Shuffle(nn.Module):
    """Sub-pixel growth (Shi et al., CVPR 2016)."""

    def __init__(self, points=68):
        super().__init__()
        self.trunk = nn.Sequential(conv(3, 16, 3, 2), conv(16, 24, 3, 2))
        self.grow, self.head = nn.Conv2d(24, 64, 1), nn.Conv2d(16, points, 1)

    def forward(self, x):
        return self.head(functional.relu(functional.pixel_shuffle(self.grow(self.trunk(x)), 2)))


def around(middle):
    """A trunk with one block of a kind in the middle."""
    return nn.Sequential(conv(3, 16, 3, 2), conv(16, 16, 3, 2), middle, conv(16, 32, 3, 2))


def mobile_net_v3():
    return nn.Sequential(
        conv(3, 16, 3, 2, act=nn.Hardswish),
        Inverted(16, 16, 2, nn.Hardswish, excite=True),
        Inverted(16, 24, 2, nn.Hardswish, excite=True),
        Inverted(24, 32, 2, nn.Hardswish),
    )


def mobile_net_v2():
    return nn.Sequential(conv(3, 16, 3, 2), Inverted(16, 16, 1), Inverted(16, 24, 2), Inverted(24, 32, 2))


BUILDERS = {
    "PFLD": (Pfld, 98, "coordinates"),
    "MobileNetV2 regressor": (lambda: Regressor(mobile_net_v2(), 32, 106), 106, "coordinates"),
    "MobileNetV3 regressor": (lambda: Regressor(mobile_net_v3(), 32, 68), 68, "coordinates"),
    "U-Net, transposed convolutions": (UNet, 68, "heatmap"),
    "HRNet-like": (Hrnet, 68, "heatmap"),
    "SimCC head": (SimCc, 68, "simcc"),
    "MobileViT block": (lambda: Regressor(around(Attention(16)), 32, 68), 68, "coordinates"),
    "SwinV2 block, roll": (lambda: Regressor(around(Rolled(16)), 32, 68), 68, "coordinates"),
    "SiLU, LayerNorm, GELU": (lambda: Regressor(around(Norms(16)), 32, 68), 68, "coordinates"),
    "grid_sample": (lambda: Regressor(around(GridSample(16)), 32, 68), 68, "coordinates"),
    "PixelShuffle": (Shuffle, 68, "heatmap"),
    "GroupNorm": (lambda: Regressor(around(nn.GroupNorm(4, 16)), 32, 68), 68, "coordinates"),
}
"""By name: what builds the network, its number of points, its layout."""


def build(name):
    """The network in evaluation mode, the same weights each time."""
    torch.manual_seed(0)
    network = BUILDERS[name][0]()
    with torch.no_grad():
        network.train()
        for _ in range(10):
            network(torch.randn(8, 3, SIDE, SIDE))
    return network.eval()
