"""A network that sees one crop of the picture: what such peers share."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, Image
from training.peers.peer import CROP, DECODE, LOOK, NETWORK, Calls, Landmarks

Window = TypeVar("Window")
"""Which part of the picture the crop shows."""

Native = NDArray[np.float64]
"""(N, 2) points in the network's own scheme, pixels of the picture."""


class CropLooker(ABC, Generic[Window]):
    """Crops, runs the network and reads its points."""

    lacking: tuple[int, ...] = ()

    @abstractmethod
    def window(self, box: Box) -> Window:
        """The crop for the tight box of the landmarks."""

    @abstractmethod
    def window_around(self, native: Native) -> Window:
        """The crop for the next frame of a face whose points are known."""

    @abstractmethod
    def crop(self, image: Image, window: Window) -> Any:
        """What the network is given, from (H, W, 3) uint8 BGR."""

    @abstractmethod
    def infer(self, crop: Any) -> None:
        """Run the network."""

    @abstractmethod
    def decode(self, window: Window) -> Native:
        """The points of the last `infer`."""

    @abstractmethod
    def landmarks(self, native: Native) -> Landmarks:
        """(68, 2) of the network's own points."""

    def run(self, image: Image, window: Window) -> Native:
        """One pass."""
        self.infer(self.crop(image, window))
        return self.decode(window)

    def look(self, image: Image, box: Box) -> Landmarks:
        """See Looker."""
        return self.landmarks(self.run(image, self.window(box)))

    def follow(self, image: Image, box: Box) -> Landmarks:
        """See Looker."""
        first = self.run(image, self.window(box))
        return self.landmarks(self.run(image, self.window_around(first)))

    def calls(self, image: Image, box: Box) -> Calls:
        """See Looker."""
        window = self.window(box)
        crop = self.crop(image, window)
        self.infer(crop)
        return {
            CROP: lambda: self.crop(image, window),
            NETWORK: lambda: self.infer(crop),
            DECODE: lambda: self.landmarks(self.decode(window)),
            LOOK: lambda: self.landmarks(self.run(image, window)),
        }
