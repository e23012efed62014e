"""Landmarks to heatmaps and back: the expectation of a softmax over raw int8 or float maps.

    p(cell) = exp(map(cell)) / sum exp(map),   landmark = sum p(cell) * cell

(integral regression: Sun et al., ECCV 2018, arXiv 1711.08229). The exponential stays outside the
network: an int8 softmax cannot represent less than 1/256 and so loses the small weights that the expectation
needs, while an int8 map has only 256 values, so its exponential is a table of 256 entries.
The spread of p about the landmark says how sure the network is.

Two more codecs read networks of other designs: `relu_expectation`, where p is the map's positive part over
its sum (an int8 map again needs only a table), and `coordinates`, where the network gives the points
themselves.

Letters: H, W cells of the map, K landmarks.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from device.contract.tensors import TensorSpec

SOFTMAX_EXPECTATION, RELU_EXPECTATION, COORDINATES = "softmax_expectation", "relu_expectation", "coordinates"

CODECS = (SOFTMAX_EXPECTATION, RELU_EXPECTATION, COORDINATES)
"""Every codec a manifest may name."""

HALF_SCORE_ERROR = 0.07
"""Expected error at a score of 0.5, of the distance of the outer eye corners."""

MIN_MASS = np.float32(1e-6)
"""Added to every cell by relu_expectation: a map without any mass means its centre, not a division by 0."""


class HeatmapCodec:
    """Encode and decode landmarks in crop pixels on a grid of cells.

    Cell (i, j) stands for the crop pixel ((j + 0.5) * stride - 0.5, (i + 0.5) * stride - 0.5): the
    centre of the stride x stride pixels it covers.
    """

    def __init__(self, grid_wh: tuple[int, int], stride: float) -> None:
        self.grid_wh = grid_wh
        self.stride = stride

    def cell_centres(self, count: int) -> NDArray[np.float32]:
        """(count,) crop pixels of the first `count` cells along one axis."""
        return ((np.arange(count) + 0.5) * self.stride - 0.5).astype(np.float32)

    @cached_property
    def moments(self) -> NDArray[np.float32]:
        """(4, H * W) rows 1, x, y, x^2 + y^2 of every cell: one product gives all the sums.

        x and y are measured from the grid's centre so that float32 squares keep their digits.
        """
        width, height = self.grid_wh
        x, y = np.meshgrid(
            self.cell_centres(width) - self._centre[0], self.cell_centres(height) - self._centre[1]
        )
        x, y = x.ravel(), y.ravel()
        return np.stack([np.ones_like(x), x, y, x * x + y * y]).astype(np.float32)

    @cached_property
    def _centre(self) -> NDArray[np.float32]:
        """(2,) crop pixels of the grid's centre, x then y."""
        return np.array([(cells * self.stride - 1) / 2 for cells in self.grid_wh], np.float32)

    def encode(self, landmarks_crop: NDArray[np.floating], sigma_px: float) -> NDArray[np.float32]:
        """(K, 2) crop pixels to (H, W, K) log-probabilities of a Gaussian of `sigma_px`.

        Not rounded to cells, so decoding gives the point back as long as the Gaussian fits the map.
        """
        width, height = self.grid_wh
        x = self.cell_centres(width)[None, :, None] - landmarks_crop[:, 0].astype(np.float32)
        y = self.cell_centres(height)[:, None, None] - landmarks_crop[:, 1].astype(np.float32)
        return np.asarray((x * x + y * y) / (-2 * sigma_px**2), np.float32)

    def decode(self, weights: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Positive weights (H, W, K), in any scale per landmark, to landmarks and their spread.

        Returns:
            (K, 2) landmarks_crop in pixels, and (K,) spread: the standard deviation of the mass
            along one axis, in crop pixels.
        """
        landmarks_crop, variance_px = self.mean_and_variance(weights)
        return landmarks_crop, np.sqrt(np.maximum(variance_px, 0))

    def mean_and_variance(
        self, weights: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `decode`, but the (K,) squares of the spread, which may be below 0 by a rounding error."""
        sums = self.moments @ weights.reshape(-1, weights.shape[-1])
        means = sums[1:] / sums[0]
        squares = means * means
        variance_px = (means[2] - squares[0] - squares[1]) / 2
        return np.add(means[:2].T, self._centre, order="C"), variance_px


def exponential_table(spec: TensorSpec) -> NDArray[np.float32]:
    """(256,) float32: exp of each int8 value's real, largest 1, indexed by the value's bits as uint8.

    Relative to the largest int8 because a softmax does not see a common factor and 1 cannot
    overflow.
    """
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float32)
    table: NDArray[np.float32] = np.exp((values - 127) * np.float32(spec.scale))
    return table


def relu_table(spec: TensorSpec) -> NDArray[np.float32]:
    """(256,) float32: the positive part of each int8 value's real, indexed by the value's bits as uint8."""
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float32)
    table: NDArray[np.float32] = np.maximum((values - spec.zero_point) * np.float32(spec.scale), 0)
    return table + np.float32(MIN_MASS)


def table_of(codec: str, spec: TensorSpec) -> NDArray[np.float32] | None:
    """The weights of a map's int8 values under a codec; None for a float map."""
    if not spec.quantised:
        return None
    return relu_table(spec) if codec == RELU_EXPECTATION else exponential_table(spec)


def map_weights(
    codec: str, maps: NDArray[np.generic], table: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Positive weights, any scale per landmark, of raw maps (H, W, K): int8 with its table, or float32."""
    if codec == RELU_EXPECTATION and table is None:
        positive: NDArray[np.float32] = np.maximum(maps, 0, dtype=np.float32)
        return positive + np.float32(MIN_MASS)
    return softmax_weights(maps, table)


def decode_coordinates(coordinates: NDArray[np.floating], size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """(K, 2) landmarks_crop from 2 K reals x0, y0, x1, ...: in crop sides, from the crop's centre."""
    size = np.array(size_wh, np.float32)
    landmarks_crop = np.asarray(coordinates, np.float32).reshape(-1, 2) * size + (size - 1) / 2
    return np.asarray(landmarks_crop, np.float32)


def softmax_weights(maps: NDArray[np.generic], table: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Unnormalised softmax of raw maps of any shape: by table for int8, directly for float.

    Args:
        maps: (H, W, K) int8 with its `exponential_table`, or float32 with None.
    """
    if table is not None:
        return table.take(maps.view(np.uint8))
    largest = maps.max(axis=(0, 1))
    weights: NDArray[np.float32] = np.exp(maps - largest, dtype=np.float32)
    return weights


def score_of_spread(
    spread_px: NDArray[np.float32], half_score_px: float, sure_px: float = 0.0
) -> NDArray[np.float32]:
    """Confidence of each landmark, 1 / (1 + (spread^2 - sure^2) / half^2), at most 1.

    `sure_px` is the spread of a map that has no doubt. `half_score_px` is fitted so that the expected error
    is HALF_SCORE_ERROR (1 / score - 1).
    """
    return score_of_variance(spread_px * spread_px, half_score_px, sure_px)


def score_of_variance(
    variance_px: NDArray[np.float32], half_score_px: float, sure_px: float = 0.0
) -> NDArray[np.float32]:
    """As `score_of_spread`, of the spread's square."""
    weight = half_score_px**-2
    doubt = variance_px * np.float32(weight) + np.float32(1 - sure_px**2 * weight)
    np.maximum(doubt, np.float32(1), out=doubt)
    return np.asarray(np.reciprocal(doubt, out=doubt), np.float32)
