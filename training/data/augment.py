"""Batched augmentation on the tensor device: from packed faces to the network's crops.

Every random number comes from a generator seeded by (run seed, step), so a resumed run sees the same crops
as an uninterrupted one and no random state needs saving. Letters: B crops, P pack side, S crop side,
K landmarks.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.data.bending import bent_landmarks, random_bends
from training.data.cheap_camera import photograph
from training.data.resizing import resized


@dataclass(frozen=True)
class AugmentSettings:
    """The [augment] table of a run file."""

    rotation_degrees: float = 18.0
    """Standard deviation of the roll."""
    scale: float = 0.13
    """Standard deviation of the logarithm of the ROI's side."""
    shift: float = 0.06
    """Standard deviation of the ROI's centre, in ROI sides."""
    loose: float = 0.12
    """Fraction of crops with an ROI far too large or too small, as the face finder gives on a first frame."""
    mirror: float = 0.5
    """Fraction mirrored."""
    bend: float = 0.0
    """Standard deviation of a smooth deformation of face crops at its knots (bending.py), in crop sides."""
    label_bias: float = 0.0
    """Constant offset of the labels to the right of the mirror-symmetric position, in ROI sides. A mirrored
    label would be offset to the left, and the network, which cannot tell which pictures are mirrored, would
    learn no offset at all; so mirrored labels are moved back by twice this."""
    colour: float = 0.8
    """Fraction with changed brightness, contrast, gamma and channel gains."""
    grey: float = 0.1
    """Fraction turned to grey."""
    blur: float = 0.3
    """Fraction blurred."""
    coarse: float = 0.25
    """Fraction sampled at a lower resolution first, like a distant face."""
    noise: float = 0.4
    """Fraction with sensor noise."""
    occlusion: float = 0.35
    """Fraction with a patch over the picture."""
    cheap: float = 0.0
    """Fraction of face crops degraded like a cheap camera's (cheap_camera.py) instead of by the above."""
    background: float = 0.06
    """Crops of background without a face, per face crop."""
    off_face: float = 0.06
    """Crops that miss their face by half or more, per face crop."""

    @property
    def faceless(self) -> bool:
        """Whether there are crops without a face, so that the network can learn a presence score."""
        return bool(self.background or self.off_face)


@dataclass(frozen=True, eq=False)
class Batch:
    """Input and labels of one training step."""

    image: Tensor
    """(B, 3, S, S) float32, (pixel - 128) / 128, BGR."""
    landmarks: Tensor
    """(B, K, 2) crop pixels; meaningless where `face` is 0."""
    face: Tensor
    """(B,) 1 for a crop of a face, else 0."""
    known: Tensor | None = None
    """(B, K) 1 where the landmark's label is to be learnt, else 0; None where all are."""
    asked: Tensor | None = None
    """(B,) 1 where teachers are listened to, else 0; None where they are for every face."""
    view: Tensor | None = None
    """(B, 3, V, V) the same crops, larger and not degraded: the input of a teacher."""


def _uniform(count: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    return torch.rand(count, generator=rng, device=rng.device) * (high - low) + low


def _normal(count: int, deviation: float, rng: torch.Generator) -> Tensor:
    """(count,) normal values, clipped at three standard deviations."""
    return torch.randn(count, generator=rng, device=rng.device).clamp(-3, 3) * deviation


def _chosen(count: int, fraction: float, rng: torch.Generator) -> Tensor:
    """(count, 1, 1, 1) bool, each true with probability `fraction`."""
    return (torch.rand(count, generator=rng, device=rng.device) < fraction).view(-1, 1, 1, 1)


def crop_to_pack_maps(centre: Tensor, side: Tensor, angle: Tensor, mirror: Tensor, crop_side: int) -> Tensor:
    """(B, 2, 3) affine maps from crop pixels to pack pixels.

    Args:
        centre: (B, 2) ROI centres, pack pixels.
        side: (B,) ROI sides, pack pixels.
        angle: (B,) radians.
        mirror: (B,) bool.
        crop_side: S.
    """
    scale = side / crop_side
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    flip = torch.where(mirror, -1.0, 1.0)
    linear = torch.stack(
        [torch.stack([cosine * flip, -sine], dim=1), torch.stack([sine * flip, cosine], dim=1)], dim=1
    )
    crop_centre = torch.full((2,), (crop_side - 1) / 2, device=centre.device)
    offset = centre - linear @ crop_centre
    return torch.cat([linear, offset[:, :, None]], dim=2)


def sample_crops(images: Tensor, maps: Tensor, crop_side: int, bends: Tensor | None = None) -> Tensor:
    """(B, 3, S, S) float pixels 0..255, bilinear, black outside.

    Args:
        images: (B, P, P, 3) uint8.
        maps: (B, 2, 3) crop pixels to pack pixels.
        crop_side: S.
        bends: (B, S, S, 2) deformations of the crops (bending.py); None for none.
    """
    pack_side = images.shape[1]
    # grid_sample's own coordinates run from -1 to 1 over the outer edges of the pixels:
    # pack pixel p is at (2 p + 1) / P - 1, crop likewise.
    linear = maps[:, :, :2] * (crop_side / pack_side)
    centre = maps[:, :, :2].sum(2) * (crop_side - 1) / 2 + maps[:, :, 2]
    theta = torch.cat([linear, ((2 * centre + 1) / pack_side - 1)[:, :, None]], dim=2)
    grid = functional.affine_grid(theta, [len(images), 3, crop_side, crop_side], align_corners=False)
    if bends is not None:
        grid = grid + torch.einsum("bij,byxj->byxi", linear, bends * (2 / crop_side))
    planes = images.permute(0, 3, 1, 2).float()
    return functional.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def landmarks_to_crop(landmarks: Tensor, maps: Tensor) -> Tensor:
    """(B, K, 2) pack pixels to crop pixels, by the inverse of the crop-to-pack maps."""
    return (landmarks - maps[:, None, :, 2]) @ torch.linalg.inv(maps[:, :, :2]).transpose(1, 2)


def shrunk(image: Tensor, landmarks: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Square crops (B, 3, V, V) and landmarks (B, K, 2) in them, at `side` pixels."""
    if image.shape[2] == side:
        return image, landmarks
    return resized(image, side), (landmarks + 0.5) * (side / image.shape[2]) - 0.5


def _colour(image: Tensor, settings: AugmentSettings, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast, gamma and channel gains of a fraction, and turn another to grey."""
    count = len(image)
    gain = torch.exp(_normal(count, 0.25, rng)).view(-1, 1, 1, 1)
    tint = torch.exp(_normal(count * 3, 0.08, rng)).view(-1, 3, 1, 1)
    brightness = _normal(count, 18.0, rng).view(-1, 1, 1, 1)
    gamma = torch.exp(_normal(count, 0.25, rng)).view(-1, 1, 1, 1)
    changed = 255 * ((image * (gain * tint) + brightness).clamp(0, 255) / 255).clamp_min(1e-4).pow(gamma)
    image = torch.where(_chosen(count, settings.colour, rng), changed, image)
    # ITU-R BT.601 luma, channels in BGR order.
    weights = torch.tensor([0.114, 0.587, 0.299], device=image.device).view(1, 3, 1, 1)
    grey = (image * weights).sum(1, keepdim=True).expand_as(image)
    return torch.where(_chosen(count, settings.grey, rng), grey, image)


def _blur(image: Tensor, settings: AugmentSettings, rng: torch.Generator) -> Tensor:
    """Blur a fraction of the batch by motion along a random direction, or by defocus.

    Each picture has its own 7x7 kernel, so one grouped convolution serves the batch.
    """
    chosen = _chosen(len(image), settings.blur, rng).flatten().nonzero()[:, 0]
    if len(chosen) == 0:
        return image
    count, radius = len(chosen), 3
    offsets = torch.arange(-radius, radius + 1, device=image.device, dtype=torch.float32)
    y, x = torch.meshgrid(offsets, offsets, indexing="ij")
    angle = _uniform(count, 0, math.pi, rng).view(-1, 1, 1)
    along = x * torch.cos(angle) + y * torch.sin(angle)
    across = -x * torch.sin(angle) + y * torch.cos(angle)
    long_sigma = _uniform(count, 0.4, 2.2, rng).view(-1, 1, 1)
    short_sigma = torch.minimum(long_sigma, _uniform(count, 0.3, 1.6, rng).view(-1, 1, 1))
    kernel = torch.exp(-0.5 * ((along / long_sigma) ** 2 + (across / short_sigma) ** 2))
    kernel = (kernel / kernel.sum((1, 2), keepdim=True)).repeat_interleave(3, 0)[:, None]
    planes = image[chosen].reshape(1, count * 3, *image.shape[2:])
    padded = functional.pad(planes, (radius,) * 4, mode="replicate")
    blurred = functional.conv2d(padded, kernel, groups=count * 3).view(count, 3, *image.shape[2:])
    return image.index_copy(0, chosen, blurred)


def _coarsen(image: Tensor, settings: AugmentSettings, rng: torch.Generator) -> Tensor:
    """Shrink a fraction to between a quarter and nine tenths, and back, by one factor per batch."""
    sides = image.shape[2:]
    factor = float(_uniform(1, 0.25, 0.9, rng))
    small_sides = [int(side * factor) for side in sides]
    chosen = _chosen(len(image), settings.coarse, rng).flatten().nonzero()[:, 0]
    if len(chosen) == 0:
        return image
    small = functional.interpolate(image[chosen], size=small_sides, mode="bilinear", antialias=True)
    back = functional.interpolate(small, size=sides, mode="bilinear")
    return image.index_copy(0, chosen, back)


def _occlude(image: Tensor, settings: AugmentSettings, rng: torch.Generator) -> Tensor:
    """Cover a fraction by a rotated rectangle or ellipse of one colour or of another crop's pixels."""
    count, height, width = len(image), image.shape[2], image.shape[3]
    side = min(height, width)
    extent = torch.tensor([width, height], device=image.device, dtype=torch.float32).view(1, 2, 1, 1)
    rows, columns = (torch.arange(length, device=image.device) for length in (height, width))
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    centre = _uniform(count * 2, 0.05, 0.95, rng).view(count, 2, 1, 1) * extent
    angle = _uniform(count, 0, math.pi, rng).view(-1, 1, 1)
    half = torch.exp(_uniform(count * 2, math.log(0.06), math.log(0.3), rng)).view(count, 2, 1, 1) * side
    dx, dy = x - centre[:, 0], y - centre[:, 1]
    along = ((dx * torch.cos(angle) + dy * torch.sin(angle)) / half[:, 0]).abs()
    across = ((dy * torch.cos(angle) - dx * torch.sin(angle)) / half[:, 1]).abs()
    ellipse = _chosen(count, 0.5, rng)[:, 0]
    inside = torch.where(ellipse, along**2 + across**2 < 1, torch.maximum(along, across) < 1)[:, None]
    colour = (torch.rand(count, 3, 1, 1, generator=rng, device=rng.device) * 255).expand_as(image)
    filling = torch.where(_chosen(count, 0.5, rng), colour, image.roll(1, 0))
    return torch.where(inside & _chosen(count, settings.occlusion, rng), filling, image)


def _noise(image: Tensor, settings: AugmentSettings, rng: torch.Generator) -> Tensor:
    """Add sensor noise of up to 12 of 255 to a fraction."""
    chosen = _chosen(len(image), settings.noise, rng).flatten().nonzero()[:, 0]
    deviation = _uniform(len(chosen), 0, 12, rng).view(-1, 1, 1, 1)
    noise = torch.randn(len(chosen), *image.shape[1:], generator=rng, device=rng.device) * deviation
    return image.index_add(0, chosen, noise)


def degrade(image: Tensor, settings: AugmentSettings, rng: torch.Generator) -> Tensor:
    """Occlude, recolour, blur, coarsen and add noise: (B, 3, H, W) pixels 0..255 to the same."""
    image = _occlude(image, settings, rng)
    image = _colour(image, settings, rng)
    image = _blur(image, settings, rng)
    image = _coarsen(image, settings, rng)
    return _noise(image, settings, rng).clamp(0, 255)


def photograph_some(
    pixels: Tensor, landmarks: Tensor, degraded: Tensor, fraction: float, rng: torch.Generator
) -> Tensor:
    """Replace a fraction of the face crops in `degraded` by photographs of a cheap camera.

    They are made one by one on the CPU: a few milliseconds a batch for a fraction of a quarter.

    Args:
        pixels: (B, 3, S, S) 0..255, not degraded; the crops of faces come first.
        landmarks: (F, K, 2) crop pixels, of the crops of faces.
        degraded: (B, 3, S, S) 0..255.
        fraction: of the crops of faces.
        rng: on the tensor device.

    Returns:
        (B, 3, S, S) 0..255.
    """
    chosen = _chosen(len(landmarks), fraction, rng).flatten().nonzero()[:, 0]
    seed = int(torch.randint(2**31, (1,), generator=rng, device=rng.device))
    if len(chosen) == 0:
        return degraded
    cpu_rng = np.random.default_rng(seed)
    crops = pixels[chosen].clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    points = landmarks[chosen].cpu().numpy()
    taken = [photograph(crop, shape, cpu_rng) for crop, shape in zip(crops, points, strict=True)]
    planes = torch.from_numpy(np.stack(taken)).to(pixels.device).permute(0, 3, 1, 2).float()
    return degraded.index_copy(0, chosen, planes)


def normalise(pixels: Tensor) -> Tensor:
    """Pixels 0..255 to the network's input, (pixel - 128) / 128. For int8 networks this flips one bit."""
    return (pixels - 128) / 128


@dataclass(frozen=True, eq=False)
class TensorPack:
    """A FacePack on the tensor device."""

    images: Tensor
    """(N, P, P, 3) uint8."""
    landmarks: Tensor
    """(N, K, 2) pack pixels."""
    backgrounds: Tensor
    """(M, P, P, 3) uint8."""
    context: float
    """Pack side over the longest side of the landmarks' box."""
    known: Tensor | None = None
    """(N, K) 1 where a label is to be learnt, else 0, alike for a point and its mirror image; None where all
    are."""
    asked: Tensor | None = None
    """(N,) 1 where teachers are listened to, else 0; None where they are for every face."""


def _of_crops(of_faces: Tensor | None, faces: Tensor, count: int) -> Tensor | None:
    """Rows (N, ...) of all faces to (count, ...) of crops; 0 for crops without a face, which come last."""
    if of_faces is None:
        return None
    chosen = of_faces[faces]
    return torch.cat([chosen, chosen.new_zeros(count - len(chosen), *chosen.shape[1:])])


class Augmenter:
    """Cuts augmented batches from a pack."""

    def __init__(
        self,
        pack: TensorPack,
        settings: AugmentSettings,
        crop_side: int,
        margin: float,
        mirror_order: Tensor,
        *,
        view_side: int = 0,
    ) -> None:
        """Prepare to cut.

        Args:
            crop_side: S, pixels.
            margin: side of the ROI before augmentation, over the face's size.
            mirror_order: (K,) landmark that each becomes in a mirrored picture.
            view_side: V of the batch's `view`, at least S; 0 for none.
        """
        self.pack = pack
        self.settings = settings
        self.cut_side, self.crop_side, self.view_side = view_side or crop_side, crop_side, view_side
        self.roi_side = pack.images.shape[1] * margin / pack.context
        self.mirror_order = mirror_order

    def batch(self, faces: Tensor, rng: torch.Generator) -> Batch:
        """Augmented crops of these faces, followed by crops without a face.

        Args:
            faces: (F,) indices into the pack.
            rng: on the tensor device.
        """
        parts = [self._on_faces(faces, rng)]
        off_face = round(len(faces) * self.settings.off_face)
        if off_face:
            missed = torch.randperm(len(faces), generator=rng, device=rng.device)[:off_face]
            parts.append(self._off_faces(faces[missed], rng))
        background = round(len(faces) * self.settings.background)
        if background and len(self.pack.backgrounds):
            parts.append(self._backgrounds(background, rng))
        view, landmarks = (
            torch.cat(column) for column in zip(*((p.image, p.landmarks) for p in parts), strict=True)
        )
        pixels, landmarks = shrunk(view, landmarks, self.crop_side)
        degraded = degrade(pixels, self.settings, rng)
        if self.settings.cheap:
            on_faces = landmarks[: len(faces)]
            degraded = photograph_some(pixels, on_faces, degraded, self.settings.cheap, rng)
        return Batch(
            normalise(degraded).contiguous(memory_format=torch.channels_last),
            landmarks,
            torch.cat([part.face for part in parts]),
            _of_crops(self.pack.known, faces, len(view)),
            _of_crops(self.pack.asked, faces, len(view)),
            normalise(view).contiguous(memory_format=torch.channels_last) if self.view_side else None,
        )

    def _on_faces(self, faces: Tensor, rng: torch.Generator) -> Batch:
        settings, count = self.settings, len(faces)
        side = self.roi_side * torch.exp(_normal(count, settings.scale, rng))
        loose = torch.exp(_uniform(count, math.log(0.75), math.log(2.0), rng)) * self.roi_side
        side = torch.where(torch.rand(count, generator=rng, device=rng.device) < settings.loose, loose, side)
        angle = _normal(count, math.radians(settings.rotation_degrees), rng)
        shift = _normal(count * 2, settings.shift, rng).view(count, 2) * side[:, None]
        mirror = torch.rand(count, generator=rng, device=rng.device) < settings.mirror
        maps = crop_to_pack_maps(self._pack_centre() + shift, side, angle, mirror, self.cut_side)
        bends = random_bends(count, self.cut_side, settings.bend, rng) if settings.bend else None
        return self._cut(faces, maps, mirror, face=1.0, bends=bends)

    def _off_faces(self, faces: Tensor, rng: torch.Generator) -> Batch:
        """Crops of ROIs moved by half their side or more, so that at least half the face lies outside."""
        count = len(faces)
        side = self.roi_side * torch.exp(_normal(count, 0.3, rng))
        direction = _uniform(count, 0, 2 * math.pi, rng)
        distance = torch.maximum(side, torch.full_like(side, self.roi_side)) * _uniform(count, 0.5, 0.8, rng)
        # Divided by the larger component: half a side along an axis, more along a diagonal.
        step = torch.stack([torch.cos(direction), torch.sin(direction)], dim=1)
        step = step / step.abs().max(dim=1, keepdim=True).values
        angle = _normal(count, math.radians(self.settings.rotation_degrees), rng)
        mirror = torch.rand(count, generator=rng, device=rng.device) < self.settings.mirror
        centre = self._pack_centre() + step * distance[:, None]
        maps = crop_to_pack_maps(centre, side, angle, mirror, self.cut_side)
        return self._cut(faces, maps, mirror, face=0.0)

    def _backgrounds(self, count: int, rng: torch.Generator) -> Batch:
        backgrounds = self.pack.backgrounds
        chosen = torch.randint(len(backgrounds), (count,), generator=rng, device=rng.device)
        side = backgrounds.shape[1] * _uniform(count, 0.5, 1.0, rng)
        angle = _uniform(count, -math.pi, math.pi, rng)
        mirror = torch.rand(count, generator=rng, device=rng.device) < self.settings.mirror
        maps = crop_to_pack_maps(self._pack_centre().expand(count, 2), side, angle, mirror, self.cut_side)
        image = sample_crops(backgrounds[chosen], maps, self.cut_side)
        no_landmarks = self.pack.landmarks.new_zeros(count, *self.pack.landmarks.shape[1:])
        return Batch(image, no_landmarks, image.new_zeros(count))

    def _pack_centre(self) -> Tensor:
        side = self.pack.images.shape[1]
        return torch.full((1, 2), (side - 1) / 2, device=self.pack.landmarks.device)

    def _cut(
        self, faces: Tensor, maps: Tensor, mirror: Tensor, face: float, bends: Tensor | None = None
    ) -> Batch:
        image = sample_crops(self.pack.images[faces], maps, self.cut_side, bends)
        landmarks = landmarks_to_crop(self.pack.landmarks[faces], maps)
        if bends is not None:
            landmarks = bent_landmarks(landmarks, bends)
        swapped = landmarks[:, self.mirror_order]
        swapped[:, :, 0] += 2 * self.settings.label_bias * self.cut_side
        landmarks = torch.where(mirror[:, None, None], swapped, landmarks)
        return Batch(image, landmarks, image.new_full((len(faces),), face))
