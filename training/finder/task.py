"""The finder's task: score, box and points, learnt against the targets of each canvas."""

from torch import Tensor, nn

from device.contract.finder_codec import FinderCodecRule
from device.contract.landmarks import LandmarkScheme
from training.finder.augment import FinderBatch
from training.finder.losses import box_terms, focal_loss, make_targets, points_term
from training.finder.settings import FinderLossSettings
from training.models.finder_student import STRIDE
from training.tasks import TaskResult, weigh

RULE = FinderCodecRule(
    name="centre_size", stride=STRIDE, offset_px=16.0, size_px=40.0, score_threshold=0.5, iou_threshold=0.4
)
"""Units of the maps, chosen so that offsets reach about 1 and logarithms of sizes about 2: one int8 scale
serves both."""


class FinderTask:
    """Forward and loss of a finder."""

    extra = None

    def __init__(self, model: nn.Module, scheme: LandmarkScheme, settings: FinderLossSettings) -> None:
        self.model = model
        self.scheme = scheme
        self.settings = settings

    def __call__(self, batch: FinderBatch) -> TaskResult:
        """Forward and loss of one batch."""
        score, box, points = self.model(batch.image)
        return weigh(self.terms(score, box, points, batch), self.settings)

    def terms(self, score: Tensor, box: Tensor, points: Tensor, batch: FinderBatch) -> dict[str, Tensor]:
        """Every loss term by name."""
        grid_hw = score.shape[2], score.shape[3]
        targets = make_targets(batch.landmarks, batch.kinds, grid_hw, RULE.stride, self.scheme)
        box_loss, corner_loss = box_terms(box, targets, RULE)
        return {
            "score": focal_loss(score[:, 0], targets),
            "box": box_loss,
            "corner": corner_loss,
            "points": points_term(points, targets),
        }
