"""Any backbone under the student's decoder: what a trunk that has seen ImageNet knows of landmarks."""

from collections.abc import Sequence

from torch import Tensor, nn

from training.models.backbones import build_backbone
from training.models.landmark_student import DECODER, FeaturePyramid


class PyramidNet(FeaturePyramid):
    """Backbone, nearest-neighbour decoder with lateral connections, raw heatmaps."""

    def __init__(
        self,
        landmark_count: int,
        input_side: int,
        backbone: str,
        backbone_arguments: dict[str, object] | None = None,
        *,
        decoder: Sequence[int] = DECODER,
        context: int = 0,
    ) -> None:
        """Build it.

        Args:
            landmark_count: K.
            input_side: S, a multiple of 32.
            backbone: one of BACKBONES; its trunk's maps are decoded, its top is left out.
            backbone_arguments: its own.
            decoder: as `add_decoder` wants it.
            context: as `add_decoder` wants it.
        """
        super().__init__()
        self.backbone = build_backbone(backbone, input_side, backbone_arguments or {})
        self.backbone.top = nn.Identity()
        self.add_decoder(landmark_count, self.backbone.widths[:-1], decoder, context)

    def blocks(self) -> list[nn.Module]:
        """The backbone's."""
        return self.backbone.blocks()

    def levels(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16 and S/32."""
        return list(self.backbone(image)[:-1])
