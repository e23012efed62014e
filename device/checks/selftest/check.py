"""One thing that the self-test looks at, and what came of it."""

from device.messages.selftest import CheckResult


class Check(CheckResult, frozen=True):
    """The result of one check, with its line of text."""

    @property
    def line(self) -> str:
        """One line for people."""
        if self.passed:
            return f"ok      {self.name}: {self.got}"
        return f"FAILED  {self.name}: got {self.got}, wanted {self.wanted}; {self.remedy}"
