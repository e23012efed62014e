"""Losses, each with its formula. Letters: B crops, K landmarks, H, W cells."""

import torch
from torch import Tensor
from torch.nn import functional


def cell_centres(cells: int, stride: float, like: Tensor) -> Tensor:
    """(cells,) crop pixels of the cells' centres: the contract's HeatmapCodec, for tensors."""
    return (torch.arange(cells, device=like.device, dtype=torch.float32) + 0.5) * stride - 0.5


def softmax_mass(heatmap: Tensor) -> Tensor:
    """Raw maps (B, K, H, W) to distributions over their cells, each summing to one."""
    return heatmap.float().flatten(2).softmax(2).view(heatmap.shape)


def expectation(heatmap: Tensor, stride: float) -> Tensor:
    """Softmax expectation over raw maps (B, K, H, W): (B, K, 2) crop pixels.

    Integral regression (Sun et al., ECCV 2018); the differentiable twin of HeatmapCodec.decode.
    """
    mass = softmax_mass(heatmap)
    x = (mass.sum(2) * cell_centres(heatmap.shape[3], stride, heatmap)).sum(2)
    y = (mass.sum(3) * cell_centres(heatmap.shape[2], stride, heatmap)).sum(2)
    return torch.stack([x, y], dim=2)


def normalised_distance(predicted: Tensor, true: Tensor, length: Tensor, blunt: float) -> Tensor:
    """(B, K) of sqrt(d^2 + blunt^2) - blunt with d the distance over the face's length.

    An L1-type loss on points: NME itself, but smooth within `blunt` of the truth, where the label's
    own noise would otherwise set the direction of the gradient.

    Args:
        predicted: (B, K, 2) crop pixels.
        true: (B, K, 2) crop pixels.
        length: (B,) crop pixels.
        blunt: in units of the length.
    """
    squared = ((predicted - true) / length[:, None, None]).square().sum(2)
    return torch.sqrt(squared + blunt**2) - blunt


def face_length(landmarks: Tensor, outer_eye_corners: tuple[int, int], least: float = 0.25) -> Tensor:
    """(B,) eye distance of (B, K, 2) landmarks, at least `least` of the box's longest side.

    In profile the eye distance tends to zero, and one such face would outweigh the batch.
    """
    right, left = outer_eye_corners
    eyes = (landmarks[:, left] - landmarks[:, right]).norm(dim=1)
    extent = (landmarks.amax(1) - landmarks.amin(1)).amax(1)
    return torch.maximum(eyes, extent * least)


def gaussian_cross_entropy(heatmap: Tensor, landmarks: Tensor, stride: float, sigma_px: float) -> Tensor:
    """(B, K) cross-entropy between softmax maps and a Gaussian about the true point.

        - sum_p g(p) log softmax(map)(p),  g(p) = exp(-|p - y|^2 / 2 sigma^2) / sum

    The Gaussian is not rounded to cells. It asks for one narrow peak where the expectation alone
    would accept any spread with the right mean (DSNT's regulariser in cross-entropy form: Nibali et
    al., 2018, arXiv 1801.07372). For a point outside the map the nearest cells take the mass.

    Args:
        heatmap: (B, K, H, W) raw maps.
        landmarks: (B, K, 2) crop pixels.
        stride: crop pixels per cell.
        sigma_px: crop pixels.
    """
    x = cell_centres(heatmap.shape[3], stride, heatmap) - landmarks[..., :1]
    y = cell_centres(heatmap.shape[2], stride, heatmap) - landmarks[..., 1:]
    # The Gaussian factors, so its normalisation and its sums need only one axis at a time.
    along_x = (-0.5 * (x / sigma_px) ** 2).softmax(2)
    along_y = (-0.5 * (y / sigma_px) ** 2).softmax(2)
    log_mass = heatmap.float().flatten(2).log_softmax(2).view(heatmap.shape)
    rows = (log_mass * along_x[:, :, None, :]).sum(3)
    return -(rows * along_y).sum(2)


def over_faces(values: Tensor, face: Tensor) -> Tensor:
    """Mean of (B,) values over the crops with a face (B,)."""
    return (values * face).sum() / face.sum().clamp_min(1)


def masked_mean(values: Tensor, face: Tensor) -> Tensor:
    """Mean of (B, K) values over the crops with a face (B,)."""
    return over_faces(values.mean(1), face)


def presence_loss(logit: Tensor, face: Tensor) -> Tensor:
    """Binary cross-entropy of (B, 1) logits against (B,) 0 or 1."""
    return functional.binary_cross_entropy_with_logits(logit[:, 0].float(), face)
