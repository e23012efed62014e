"""A backbone by itself: what is pretrained, before any head is on it."""

from torch import Tensor, nn

from training.models.backbones import build_backbone


class TrunkNet(nn.Module):
    """The backbone under the name that every family gives it: their runs can start from this one's."""

    def __init__(
        self,
        landmark_count: int,
        input_side: int,
        backbone: str,
        backbone_arguments: dict[str, object] | None = None,
    ) -> None:
        """Build it.

        Args:
            landmark_count: taken as of every family, and not used: a trunk knows no landmarks.
            input_side: S.
            backbone: one of BACKBONES; its top is left out.
            backbone_arguments: its own.
        """
        del landmark_count
        super().__init__()
        self.backbone = build_backbone(backbone, input_side, backbone_arguments or {})
        self.backbone.top = nn.Identity()
        self.widths = self.backbone.widths[:-1]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16 and S/32."""
        return list(self.backbone(image)[:-1])
