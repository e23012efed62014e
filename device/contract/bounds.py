"""Ranges of what files may say: wide enough for any sensible model, narrow enough to compute with."""

from typing import Annotated

from msgspec import Meta

MAX_SIDE = 4096

Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]
"""A size of a picture, a map or a tensor."""

Pixels = Annotated[float, Meta(gt=0, le=MAX_SIDE)]
"""A positive length, pixels."""

Probability = Annotated[float, Meta(gt=0, lt=1)]
"""Strictly between 0 and 1, so that it has a logit."""

Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line, without control characters."""

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
"""Hexadecimal digest of a file."""
