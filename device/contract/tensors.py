"""A network's tensor: name, shape, type, and how its integers represent real numbers."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from device.contract.bounds import Side, Text


class TensorSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """One input or output tensor; `real = scale * (integer - zero_point)` when quantised."""

    name: Text
    """As the model file spells it."""
    shape: Annotated[tuple[Side, ...], Meta(min_length=1, max_length=4)]
    """Static, batch first, channels last."""
    dtype: Annotated[str, Meta(pattern="^(int8|int16|float32)$")]
    """numpy's name of a type that this project runs: int8, float32, or int16 (activations of a 16x8 file)."""
    scale: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    """Real units per step; 0 for a float tensor."""
    zero_point: Annotated[int, Meta(ge=-128, le=127)] = 0
    """The integer that means 0."""

    @property
    def quantised(self) -> bool:
        """Whether its integers represent reals."""
        return self.scale > 0

    def quantise(self, real: NDArray[np.floating]) -> NDArray[np.generic]:
        """Reals to this tensor's type, rounded to nearest and clipped to its range."""
        if not self.quantised:
            return real.astype(self.dtype)
        limits = np.iinfo(self.dtype)
        steps = np.round(real / self.scale) + self.zero_point
        values: NDArray[np.generic] = np.clip(steps, limits.min, limits.max).astype(self.dtype)
        return values

    def real(self, value: float) -> float:
        """One of this tensor's values as a real."""
        return (value - self.zero_point) * self.scale if self.quantised else value

    def dequantise(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        """This tensor's values as float32 reals."""
        if not self.quantised:
            return values.astype(np.float32)
        return (values.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)
