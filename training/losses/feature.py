"""EfficientFAN's distillation of features: what each stage says, and how its places resemble each other.

Gao et al., ICMR 2020, "EfficientFAN: Deep Knowledge Transfer for Face Alignment".
Letters: B crops, C channels (C_s student, C_t teacher), H, W cells.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class Adapters(nn.ModuleList):
    """A 1x1 convolution for each stage, from the student's width to the teacher's; trained, not deployed."""

    def __init__(self, student_widths: Sequence[int], teacher_widths: Sequence[int]) -> None:
        """One adapter a stage, shallow to deep or the other way, as long as both agree."""
        pairs = zip(student_widths, teacher_widths, strict=True)
        super().__init__(nn.Conv2d(narrow, wide, kernel_size=1) for narrow, wide in pairs)


def feature_aligned_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """(B,) mean squared difference of adapted student features and teacher features.

        |A f_s - f_t|^2 / (C_t H W)

    The paper sums; the mean makes the weight independent of the size of the maps.

    Args:
        student: (B, C_t, H, W) after its adapter.
        teacher: (B, C_t, H, W).
    """
    return (student.float() - teacher.float()).square().mean((1, 2, 3))


def _directions(features: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, H W), each place's feature of unit length."""
    return functional.normalize(features.float().flatten(2), dim=1)


def patch_similarity_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """(B,) mean squared difference of the cosine affinities between patches, over patch sides 1, 2, 4, ...

        sum_k |S_k - T_k|_F^2 / (n M_k^2),  S_k = s_k^T s_k of the patches averaged over 2^k x 2^k cells,
        M_k = H W / 4^k patches, n sizes down to 2 x 2 patches

    Written out, S_k has M_k^2 entries: 17 million for 64 x 64 cells. But

        |s^T s - t^T t|^2 = |s s^T|^2 - 2 |s t^T|^2 + |t t^T|^2

    needs only channel by channel products, whatever the number of patches; widths may differ.

    Args:
        student: (B, C_s, H, W).
        teacher: (B, C_t, H, W), H and W even.
    """
    total, levels = student.new_zeros(len(student), dtype=student.float().dtype), 0
    while min(student.shape[2:]) >= 2:
        ours, theirs = _directions(student), _directions(teacher)
        own = (ours @ ours.transpose(1, 2)).square().sum((1, 2))
        both = (ours @ theirs.transpose(1, 2)).square().sum((1, 2))
        other = (theirs @ theirs.transpose(1, 2)).square().sum((1, 2))
        # Rounding may leave a little below zero where both agree.
        total = total + (own - 2 * both + other).clamp_min(0.0) / ours.shape[2] ** 2
        levels += 1
        student, teacher = (functional.avg_pool2d(maps, 2) for maps in (student, teacher))
    return total / max(levels, 1)
