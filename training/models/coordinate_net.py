"""Coordinates straight from pooled features: KD-Net's teachers and student."""

from torch import Tensor, nn
from torch.nn import functional

from training.models.backbones import build_backbone


class CoordinateNet(nn.Module):
    """Backbone, average over the map, dropout, one dense layer."""

    codec = "coordinates"

    def __init__(
        self,
        landmark_count: int,
        input_side: int,
        backbone: str,
        backbone_arguments: dict[str, object] | None = None,
        dropout: float = 0.0,
    ) -> None:
        """Build it.

        Args:
            landmark_count: K.
            input_side: S.
            backbone: one of BACKBONES.
            backbone_arguments: its own.
            dropout: share of the pooled features left out in training.
        """
        super().__init__()
        self.backbone = build_backbone(backbone, input_side, backbone_arguments or {})
        self.dropout = nn.Dropout(dropout)
        self.coordinates = nn.Linear(self.backbone.widths[-1], 2 * landmark_count)
        self.presence = nn.Linear(self.backbone.widths[-1], 1)
        # At first every point is predicted near the crop's centre, not a crop away from it.
        nn.init.normal_(self.coordinates.weight, std=1e-3)
        nn.init.zeros_(self.coordinates.bias)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to (B, 2 K) x0, y0, ... in crop sides from the centre, and (B, 1) logits."""
        top = self.backbone(image)[-1]
        # Average pooling by name: a mean over two axes becomes a transposition in TFLite.
        pooled = functional.avg_pool2d(top, top.shape[2:]).flatten(1)
        return self.coordinates(self.dropout(pooled)), self.presence(pooled)
