"""The shipped models as peers among the others."""

from collections.abc import Sequence

from device.contract.files import sha256_of
from device.contract.geometry import Box, CropTransform, Image, crop_around_face
from device.contract.metrics import eye_centres
from device.finders.finder import FoundFace
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.tracking.crop import crop_image
from device.tracking.tracker import Tracker
from training.peers.crop_looker import CropLooker, Native
from training.peers.peer import Face, Landmarks, Peer

MODELS = ("tiny", "swift", "small", "base")


class OwnLooker(CropLooker[CropTransform]):
    """A network of ours, cropped as the tracker crops."""

    def __init__(self, network: LandmarkNetwork) -> None:
        self._network = network
        self._rule, self._scheme = network.manifest.crop, network.manifest.landmark_scheme

    def window(self, box: Box) -> CropTransform:
        """An upright square."""
        return CropTransform.for_box(box, self._rule.margin, self._rule.size_wh)

    def window_around(self, native: Native) -> CropTransform:
        """A square turned as the eyes are."""
        eyes = eye_centres(native, self._scheme)
        return crop_around_face(native, eyes, self._rule.margin, self._rule.size_wh)

    def crop(self, image: Image, window: CropTransform) -> Image:
        """(H, W, 3) uint8."""
        return crop_image(image, window)

    def infer(self, crop: Image) -> None:
        """Run the network."""
        self._network.infer(crop)

    def decode(self, window: CropTransform) -> Native:
        """(68, 2)."""
        return window.crop_to_frame(self._network.decode().landmarks_crop)

    def landmarks(self, native: Native) -> Landmarks:
        """They are the 68."""
        return native


class OwnSearcher:
    """Finder, network and refinement, as the daemon takes up a new face."""

    def __init__(self, network: LandmarkNetwork) -> None:
        self._finder = open_finder(DEFAULT_FINDER)
        self._tracker = Tracker(network, self._finder)

    def find(self, image: Image) -> Sequence[FoundFace]:
        """One run of the finder."""
        return self._finder.find(image)

    def faces(self, image: Image) -> list[Face]:
        """Every face of a picture that nothing is known of."""
        self._tracker.reset()
        return [Face.of(face.landmarks_frame) for face in self._tracker.track(image).faces]


def own_peer(name: str) -> Peer:
    """A shipped model.

    Raises:
        UsageError: no such model.
        BadInputError: it is damaged.
    """
    model = find_model(name)
    network = LandmarkNetwork(model)
    version = f"sha256:{sha256_of(model)[:8]}"
    return Peer(f"landmarks {name}", version, ("own", name), OwnLooker(network), OwnSearcher(network))
