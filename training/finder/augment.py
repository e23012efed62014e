"""Training canvases, composed on the tensor device: pictures shifted, rotated, scaled and pasted together.

A canvas is a stack of layers: a background without faces, a main picture, up to two pasted pictures, and a
piece of background as a cover. Each layer is a window of a picture under a similarity transform. How much
of a face the layers above hide decides whether it still counts as a face. Every random number comes from a
generator seeded by (run seed, step). Letters: B canvases, H, W their size, Q faces a picture, K landmarks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.data.augment import AugmentSettings, degrade, normalise
from training.finder.pictures import DOUBTFUL, FACE, NONE
from training.finder.settings import ComposeSettings

VISIBLE, HIDDEN = 0.7, 0.3
"""Visible fraction of a face's points: a face from the first on, none below the second, else doubtful."""
MIN_SIZE, MIN_DOUBTFUL_SIZE = 10.0, 6.0
"""Longest side of a box, canvas pixels: smaller than the first is doubtful, than the second background."""
SHAPES = (16 / 9, 4 / 3, 1.0, 3 / 4, 9 / 16)
"""Width over height of the frames that cameras and photographs have."""
GROUND_SIZES = (0.4, 3.0)
"""Part of a background that spans the longer canvas side, in sides of the background."""
PYRAMID = 3
"""Levels, each half the size of the one before; a picture is sampled from the level whose pixels are about as
large as the canvas's."""


@dataclass(frozen=True, eq=False)
class TensorPictures:
    """A PicturePack on the tensor device."""

    levels: Sequence[Tensor]
    """(N, S, S, 3) uint8, then the same pictures at half the size, and so on."""
    sizes: Tensor
    """(N, 2) float, width and height that each covers, pixels."""
    faces: Tensor
    """(N, Q, K, 2) pixels of the first level."""
    kinds: Tensor
    """(N, Q) NONE, FACE or DOUBTFUL."""
    grounds: Tensor
    """(M, G, G, 3) uint8."""


@dataclass(frozen=True, eq=False)
class FinderBatch:
    """Input and labels of one training step."""

    image: Tensor
    """(B, 3, H, W) float32, (pixel - 128) / 128, BGR."""
    landmarks: Tensor
    """(B, F, K, 2) canvas pixels of every face of every layer."""
    kinds: Tensor
    """(B, F) NONE, FACE or DOUBTFUL."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One picture's window on each canvas."""

    pictures: Tensor
    """(B,) indices into the pack."""
    maps: Tensor
    """(B, 2, 3) canvas pixels to picture pixels."""
    window: Tensor
    """(B, 4) x_min, y_min, x_max, y_max in picture pixels; empty where the layer is absent."""
    landmarks: Tensor
    """(B, Q, K, 2) canvas pixels."""
    kinds: Tensor
    """(B, Q)."""


def make_pyramid(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """(N, S, S, 3) images, then the same at half the size, and so on."""
    levels = [images]
    while len(levels) < PYRAMID:
        side = levels[-1].shape[1] // 2
        halved = np.empty((len(images), side, side, 3), np.uint8)
        for large, small in zip(levels[-1], halved, strict=True):
            cv2.resize(large, (side, side), dst=small, interpolation=cv2.INTER_AREA)
        levels.append(halved)
    return levels


def move(maps: Tensor, points: Tensor) -> Tensor:
    """(B, 2, 3) maps applied to (B, ..., 2) points."""
    flat = points.flatten(1, -2)
    moved = flat @ maps[:, :, :2].transpose(1, 2) + maps[:, None, :, 2]
    return moved.view(points.shape)


def inverse(maps: Tensor) -> Tensor:
    """(B, 2, 3) inverses of affine maps."""
    linear = torch.linalg.inv(maps[:, :, :2])
    return torch.cat([linear, -linear @ maps[:, :, 2:]], dim=2)


def inside(points: Tensor, window: Tensor) -> Tensor:
    """(B, ...) whether (B, ..., 2) points lie within (B, 4) windows; an empty window contains none."""
    low = window[:, :2].view(-1, *[1] * (points.ndim - 2), 2)
    high = window[:, 2:].view(-1, *[1] * (points.ndim - 2), 2)
    within = (points >= low) & (points < high)
    return within[..., 0] & within[..., 1]


def to_level(maps: Tensor, number: int) -> Tensor:
    """(B, 2, 3) maps to pixels of the first pyramid level, turned into maps to another level's pixels."""
    shift = torch.zeros_like(maps)
    shift[:, :, 2] = 0.5
    return (maps + shift) / 2**number - shift


IDENTITY = torch.eye(2, 3)
"""Maps the canvas onto itself."""


class Composer:
    """Composes augmented canvases from pictures."""

    def __init__(
        self,
        pack: TensorPictures,
        settings: ComposeSettings,
        degradation: AugmentSettings,
        input_wh: tuple[int, int],
        mirror_order: Tensor,
    ) -> None:
        self.pack = pack
        self.settings = settings
        self.degradation = degradation
        self.size = torch.tensor(input_wh, dtype=torch.float32, device=pack.sizes.device)
        self.width, self.height = input_wh
        self.mirror_order = mirror_order

    def batch(self, pictures: Tensor, rng: torch.Generator) -> FinderBatch:
        """One canvas for each of these pictures, with others pasted in.

        Args:
            pictures: (B,) indices into the pack.
            rng: on the tensor device.
        """
        settings, count = self.settings, len(pictures)
        draw = self._Draw(rng)
        frame = self._frames(count, draw)
        faced = draw.uniform(count) >= settings.faceless
        layers = [self._main(pictures, faced, frame, draw)]
        layers += [
            self._pasted(draw.uniform(count) < share, faced, frame, draw)
            for share in (settings.second, settings.third)
        ]
        cover_maps, cover_window = self._cover(frame, draw)
        pixels = self._ground(count, draw)
        for layer in layers:
            self._paste(pixels, layer)
        self._paste_ground(pixels, cover_maps, cover_window, draw)
        windows = [(layer.maps, layer.window) for layer in layers] + [(cover_maps, cover_window)]
        kinds = [
            self._kinds_after_hiding(
                layer.landmarks, layer.kinds, windows[place], windows[place + 1 :], frame
            )
            for place, layer in enumerate(layers)
        ]
        # The bars come after the degradation, because beside the frame the input is exactly 0.
        seen = inside(self._grid(IDENTITY.to(frame).expand(count, 2, 3)), frame)[:, None]
        image = normalise(degrade(pixels, self.degradation, rng)) * seen
        return FinderBatch(
            image.contiguous(memory_format=torch.channels_last),
            torch.cat([layer.landmarks for layer in layers], dim=1),
            torch.cat(kinds, dim=1),
        )

    class _Draw:
        """Random numbers of one batch."""

        def __init__(self, rng: torch.Generator) -> None:
            self.rng = rng

        def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
            return torch.rand(*shape, generator=self.rng, device=self.rng.device) * (high - low) + low

        def normal(self, *shape: int) -> Tensor:
            return torch.randn(*shape, generator=self.rng, device=self.rng.device).clamp(-3, 3)

        def index(self, count: int, below: int) -> Tensor:
            return torch.randint(below, (count,), generator=self.rng, device=self.rng.device)

        def sizes(self, count: int, limits: tuple[float, float]) -> Tensor:
            return torch.exp(self.uniform(count, low=math.log(limits[0]), high=math.log(limits[1])))

    def _frames(self, count: int, draw: "Composer._Draw") -> Tensor:
        """(B, 4) part of the canvas that the frame covers, letterboxed into the top left corner."""
        shapes = torch.tensor(SHAPES, device=self.size.device)[draw.index(count, len(SHAPES))]
        fitted = torch.stack([self.height * shapes, self.width / shapes], dim=1).minimum(self.size)
        barred = draw.uniform(count) < self.settings.barred
        extent = torch.where(barred[:, None], fitted.round(), self.size)
        return torch.cat([torch.full_like(extent, -0.5), extent - 0.5], dim=1)

    def _place(
        self, pictures: Tensor, size: Tensor, frame: Tensor, draw: "Composer._Draw"
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Place a picture so that one of its faces has the wanted size in the frame.

        Returns:
            (B, 2, 3) maps from canvas to picture, (B,) whether mirrored, (B, 2, 2) box of that face.
        """
        settings, count = self.settings, len(pictures)
        rows = torch.arange(count, device=size.device)
        # Any slot that holds a face; the first where there is none.
        priority = draw.uniform(count, self.pack.kinds.shape[1]) + (self.pack.kinds[pictures] == FACE)
        face = self.pack.faces[pictures][rows, priority.argmax(1)]
        low, high = face.amin(1), face.amax(1)
        empty = (high - low).amin(1) < 1
        whole = self.pack.sizes[pictures]
        low = torch.where(empty[:, None], whole * 0.3, low)
        high = torch.where(empty[:, None], whole * 0.7, high)
        scale = (high - low).amax(1) / size
        angle = torch.where(
            draw.uniform(count) < settings.tilted,
            draw.uniform(count, low=-1, high=1) * math.radians(settings.tilted_degrees),
            draw.normal(count) * math.radians(settings.rotation_degrees),
        )
        mirrored = draw.uniform(count) < settings.mirror
        # At least a third of the face lies inside; mostly all of it does.
        extent = frame[:, 2:] - frame[:, :2]
        room = (extent - 0.7 * size[:, None]).clamp_min(0)
        target = frame[:, :2] + extent / 2 + room * (draw.uniform(count, 2) - 0.5)
        cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
        flip = torch.where(mirrored, -1.0, 1.0)
        linear = torch.stack(
            [torch.stack([cosine * flip, -sine], dim=1), torch.stack([sine * flip, cosine], dim=1)], dim=1
        )
        offset = (low + high) / 2 - (linear @ target[:, :, None])[:, :, 0]
        return torch.cat([linear, offset[:, :, None]], dim=2), mirrored, torch.stack([low, high], dim=1)

    def _layer(self, pictures: Tensor, maps: Tensor, mirrored: Tensor, window: Tensor) -> Layer:
        landmarks = move(inverse(maps), self.pack.faces[pictures])
        landmarks = torch.where(mirrored[:, None, None, None], landmarks[:, :, self.mirror_order], landmarks)
        return Layer(pictures, maps, window, landmarks, self.pack.kinds[pictures])

    def _main(self, pictures: Tensor, present: Tensor, frame: Tensor, draw: "Composer._Draw") -> Layer:
        settings, count = self.settings, len(pictures)
        usual = draw.uniform(count) < settings.usual
        shorter = (frame[:, 2:] - frame[:, :2]).amin(1)
        size = shorter * torch.where(
            usual, draw.sizes(count, settings.usual_sizes), draw.sizes(count, settings.any_sizes)
        )
        maps, mirrored, _ = self._place(pictures, size, frame, draw)
        whole = self.pack.sizes[pictures]
        window = torch.cat([torch.full_like(whole, -0.5), whole - 0.5], dim=1) * present[:, None]
        return self._layer(pictures, maps, mirrored, window)

    def _pasted(self, present: Tensor, faced: Tensor, frame: Tensor, draw: "Composer._Draw") -> Layer:
        """A rectangle of another picture: a face with its surroundings, or any part, often without a face."""
        count = len(present)
        pictures = draw.index(count, len(self.pack.kinds))
        shorter = (frame[:, 2:] - frame[:, :2]).amin(1)
        size = shorter * draw.sizes(count, self.settings.pasted_sizes)
        maps, mirrored, face = self._place(pictures, size, frame, draw)
        # Surroundings of a quarter to a whole face size on each side.
        reach = (face[:, 1] - face[:, 0]).amax(1, keepdim=True) * draw.uniform(count, 4, low=0.25, high=1.0)
        whole = self.pack.sizes[pictures]
        low = (face[:, 0] - reach[:, :2]).clamp_min(-0.5)
        high = torch.minimum(face[:, 1] + reach[:, 2:], whole - 0.5)
        corner, extent = draw.uniform(count, 2, high=0.8), draw.uniform(count, 2, low=0.2, high=0.6)
        part_low, part_high = whole * corner - 0.5, whole * (corner + extent).clamp_max(1.0) - 0.5
        part = (draw.uniform(count) < self.settings.part)[:, None]
        window = torch.cat([torch.where(part, part_low, low), torch.where(part, part_high, high)], dim=1)
        present = present & (faced | part[:, 0])
        return self._layer(pictures, maps, mirrored, window * present[:, None])

    def _ground(self, count: int, draw: "Composer._Draw") -> Tensor:
        """(count, 3, H, W) one background over the whole canvas, or mirrored repeats of it."""
        grounds = self.pack.grounds
        chosen = draw.index(count, len(grounds))
        side = grounds.shape[1]
        part = draw.sizes(count, GROUND_SIZES) * side
        corner = draw.uniform(count, 2) * side
        factor = part / max(self.width, self.height)
        maps = torch.cat([torch.diag_embed(factor[:, None].expand(-1, 2)), corner[:, :, None]], dim=2)
        return sample(grounds[chosen], self._grid(maps), beyond="reflection")

    def _cover(self, frame: Tensor, draw: "Composer._Draw") -> tuple[Tensor, Tensor]:
        """A rectangle anywhere at any angle: maps from the canvas to its own axes, and its window in them."""
        count = len(frame)
        angle = draw.uniform(count, high=math.pi)
        cosine, sine = torch.cos(angle), torch.sin(angle)
        linear = torch.stack([torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)], dim=1)
        centre = frame[:, :2] + (frame[:, 2:] - frame[:, :2]) * draw.uniform(count, 2)
        maps = torch.cat([linear, -linear @ centre[:, :, None]], dim=2)
        half = draw.uniform(count, 2, low=0.04, high=0.2) * self.size
        present = draw.uniform(count) < self.settings.cover
        return maps, torch.cat([-half, half], dim=1) * present[:, None]

    def _grid(self, maps: Tensor) -> Tensor:
        """(B, H, W, 2) places of the canvas's pixels under (B, 2, 3) maps."""
        x = torch.arange(self.width, dtype=torch.float32, device=maps.device)
        y = torch.arange(self.height, dtype=torch.float32, device=maps.device)
        # A sum of a row and a column, which is several times cheaper than a product of matrices.
        row = x[:, None] * maps[:, None, :, 0]
        column = y[:, None] * maps[:, None, :, 1] + maps[:, None, :, 2]
        return row[:, None] + column[:, :, None]

    def _paste(self, pixels: Tensor, layer: Layer) -> None:
        """Fill each layer's window, in place, from the level with pixels about as large as the canvas's."""
        scale = torch.linalg.det(layer.maps[:, :, :2]).abs().sqrt()
        level = (torch.log2(scale) + 0.3).floor().clamp(0, len(self.pack.levels) - 1)
        present = layer.window[:, 2] > layer.window[:, 0]
        for number, images in enumerate(self.pack.levels):
            rows = (present & (level == number)).nonzero()[:, 0]
            if len(rows) == 0:
                continue
            places = self._grid(to_level(layer.maps[rows], number))
            window = (layer.window[rows] + 0.5) / 2**number - 0.5
            filling = sample(images[layer.pictures[rows]], places)
            pixels[rows] = torch.where(inside(places, window)[:, None], filling, pixels[rows])

    def _paste_ground(self, pixels: Tensor, maps: Tensor, window: Tensor, draw: "Composer._Draw") -> None:
        """Cover each window with background, in place."""
        rows = (window[:, 2] > window[:, 0]).nonzero()[:, 0]
        if len(rows):
            hidden = inside(self._grid(maps[rows]), window[rows])[:, None]
            pixels[rows] = torch.where(hidden, self._ground(len(rows), draw), pixels[rows])

    def _kinds_after_hiding(
        self,
        landmarks: Tensor,
        kinds: Tensor,
        own: tuple[Tensor, Tensor],
        above: Sequence[tuple[Tensor, Tensor]],
        frame: Tensor,
    ) -> Tensor:
        """(B, Q) kinds once the frame's edge, the layer's own window and the windows above hide parts."""
        visible = inside(landmarks, frame) & inside(move(own[0], landmarks), own[1])
        for maps, window in above:
            visible &= ~inside(move(maps, landmarks), window)
        fraction = visible.float().mean(2)
        size = (landmarks.amax(2) - landmarks.amin(2)).amax(2)
        gone = (fraction < HIDDEN) | (size < MIN_DOUBTFUL_SIZE)
        doubtful = (fraction < VISIBLE) | (size < MIN_SIZE)
        judged = torch.where(doubtful & (kinds == FACE), torch.full_like(kinds, DOUBTFUL), kinds)
        return torch.where(gone, torch.full_like(kinds, NONE), judged)


def sample(images: Tensor, places: Tensor, beyond: str = "border") -> Tensor:
    """(B, 3, H, W) float pixels at (B, H, W, 2) places of (B, S, S, 3) images, bilinear.

    Beyond an image its edge is repeated (`border`) or it is mirrored (`reflection`).
    """
    # grid_sample's own coordinates run from -1 to 1 over the outer edges of the pixels.
    side = images.shape[1]
    grid = places * (2 / side) + (1 / side - 1)
    planes = images.permute(0, 3, 1, 2).float()
    return functional.grid_sample(planes, grid, mode="bilinear", padding_mode=beyond, align_corners=False)
