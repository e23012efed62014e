"""One thing that the self-test looks at, and what came of it."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """A question with its answer."""

    name: str
    """What was looked at."""
    passed: bool
    """Whether it is as it should be."""
    got: str
    """What was seen."""
    wanted: str
    """What should have been seen."""
    remedy: str = ""
    """What to do about it; empty where it passed."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)

    @property
    def line(self) -> str:
        """One line for people."""
        if self.passed:
            return f"ok      {self.name}: {self.got}"
        return f"FAILED  {self.name}: got {self.got}, wanted {self.wanted}; {self.remedy}"
