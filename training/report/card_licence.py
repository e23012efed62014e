"""What a card says of data and licence, by the sources that the manifest lists."""

from collections.abc import Mapping
from typing import Any

from device.contract.provenance import all_free, sources_of

RESEARCH = """\
- **Data and licence**: trained on {faces} labelled faces: 300-W training photographs (HELEN, LFPW, AFW;
  labels by hand; research use only) and YouTube Faces frames (labels by a network, whole pixels; a
  research set). **The weights are therefore for research use only.** The code is Apache-2.0.{further}"""
FURTHER = """ What the
  runs recorded of their sources:

{sources}
"""
OPEN = """\
- **Data and licence**: trained on {faces} labelled faces, none of them of a research set. **The weights are
  free for any use**, with the attributions in [LICENCES.md](../../../LICENCES.md). 300-W measures below, and
  taught nothing. Everything that reached the weights:

{sources}
"""
FINDER_RESEARCH = """\
- **Data and licence**: trained on {pictures} pictures, those of research sets among them: 300-W training
  photographs (HELEN, LFPW, AFW) and YouTube Faces frames, labelled and not. Faces without a label were taught
  by YuNet (its code is Apache-2.0; it learnt from a research set), whose doubtful ones are neither face nor
  ground. No picture of a validation person or photograph was used. **The weights are therefore for research
  use only.** The code is Apache-2.0. Every source:

{sources}
"""
FINDER_OPEN = """\
- **Data and licence**: trained on {pictures} pictures, none of them of a research set, and by no teacher.
  **The weights are free for any use**, with the attributions in [LICENCES.md](../../../LICENCES.md). 300-W
  and YouTube Faces measure below, and taught nothing. Everything that reached the weights:

{sources}
"""


HEAD = """\
| source | licence | used as | sha256 |
| --- | --- | --- | --- |
"""


def _table(provenance: Mapping[str, Any]) -> str:
    """Every source that the manifest lists; nothing where it lists none."""
    rows = "\n".join(
        f"| {source.name} | {source.licence} | {source.used_as} | `{source.sha256[:16]}` |"
        for source in sources_of(provenance)
    )
    return HEAD + rows if rows else ""


def finder_data_and_licence(provenance: Mapping[str, Any]) -> str:
    """The paragraph of a finder's card.

    Raises:
        RefusedError: the list of sources cannot be read.
    """
    text = FINDER_OPEN if all_free(provenance) else FINDER_RESEARCH
    return text.format(pictures=f"{provenance['training_pictures']:,}", sources=_table(provenance))


def data_and_licence(provenance: Mapping[str, Any]) -> str:
    """The paragraph of a landmark model's card.

    Raises:
        RefusedError: the list of sources cannot be read.
    """
    faces = f"{provenance['training_faces']:,}"
    if not all_free(provenance):
        sources = _table(provenance)
        return RESEARCH.format(faces=faces, further=FURTHER.format(sources=sources) if sources else "")
    return OPEN.format(faces=faces, sources=_table(provenance))


def checked_on(provenance: Mapping[str, Any]) -> str:
    """Which held-out faces a conversion was compared on: an open model's are of its own sets."""
    return "held-out faces of its own sets" if all_free(provenance) else "the validation faces below"
