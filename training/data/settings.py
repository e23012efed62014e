"""Settings of a run's data: the [data] table of a run file."""

from dataclasses import dataclass, field

TURNED = "turned"
"""Set under which [data] weights counts faces that were turned farther (training/data/turned/turned.py)."""


@dataclass(frozen=True)
class DataSettings:
    """The [data] table."""

    kind: str = "folder"
    """folder: the sets below --data; synthetic: faces drawn by training.data.synthetic."""
    context: float = 2.6
    """Side of a packed picture, in face sizes."""
    side: int = 288
    """Pixels of a packed picture."""
    weights: dict[str, float] = field(default_factory=dict)
    """Share of each set in a batch; sets not named count by their size."""
    taught_only: tuple[str, ...] = ()
    """Sets whose labels are not learnt: of their faces the teachers alone say where the points are."""
    labels_only: tuple[str, ...] = ()
    """Sets of whose faces the teachers are not asked: labels are exact, and no teacher is as good there."""
    turned: int = 0
    """Copies of each 300-W face with the head turned farther, in a set of their own called `turned`."""
    turned_yaw: float = 45.0
    """Most degrees by which these are turned."""
    faces: int = 2000
    """Synthetic faces drawn to train on."""
    seed: int = 0
    """Of the synthetic faces; those of validation are drawn with another."""

    @property
    def sets(self) -> tuple[str, ...]:
        """Data sets that `weights` names; those of turned faces are no set on the disk."""
        return tuple(name for name in self.weights if name != TURNED)
