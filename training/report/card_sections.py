"""Parts of a model card that need more than 300-W: turned heads, groups of people, other labels."""

from collections.abc import Sequence
from itertools import compress
from pathlib import Path

from device.contract.landmarks import LandmarkScheme
from device.contract.manifest import read_model_manifest
from device.finders.open import open_finder
from training.data.sets.rendered import HELD_OUT, avatar_of, read_rendered
from training.data.sets.sample import Sample
from training.measure.evaluate import Predicted, Predictor, load_predictor, predict_found
from training.measure.turned_heads import TurnBand, turn_bands
from training.report.fairness import fairness_table, measure_fairness
from training.report.scheme_offsets import compare

TURNED = """
## Turned heads

{count} rendered heads of the {people} people that teach nothing, found by the finder `{finder}`. Errors over
the root of the box's area, as the eyes meet in profile; the jaw along the outline that is seen. Many wear
glasses or a mask, or hold a hand or a thing before their face; bare heads have nothing before it but hair,
which in profile hides most of it in some of these people.

| yaw, degrees | heads | missed % | inner points % | jaw % | bare heads | missed % |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

`python -m training evaluate --model {model} --dataset rendered:FOLDER --boxes finder`.
"""
GROUPS = """
## Groups of people

FairFace's photographs, by the words of that set (`python -m training fairness`): faces missed, presence of
those found, and how often mirrored, shifted and scaled copies disagree by more than 1.2 % of the face's size.
Many of these heads are turned far. Intervals of 95 %; a star marks a group whose interval leaves out the mean
of all.

{table}
"""
BESIDE_MESH = """
## Beside MediaPipe's mesh

The same shaken boxes of 300-W's validation list, which taught neither. Each one's constant offset from
300-W's way of labelling is removed, point by point in the face's own frame, fitted on training faces
(`python -m training compare`).

| | NME % | offsets removed | behind the first, with its interval |
| --- | --- | --- | --- |
{rows}
"""
LIMITS = """\
- **Known limits**: strongly turned heads, very small faces and covered faces are worse than the means
  below; most training photographs are near-frontal, adult and well lit"""
UNMEASURED = ", and no figure here says how it fares across skin tones or ages."
MEASURED = "."


def turned_heads(model: Path, finder: str, folder: Path) -> str:
    """The section on rendered heads of people held out.

    Raises:
        BadInputError: model, finder or folder missing or damaged.
    """
    samples = [sample for sample in read_rendered(folder) if avatar_of(sample.name) in HELD_OUT]
    scheme = read_model_manifest(model).landmark_scheme
    predicted = predict_found(model, open_finder(finder), samples)
    bands, bare = turn_bands(predicted, samples, scheme), _bare_bands(predicted, samples, scheme)
    people = len({avatar_of(sample.name) for sample in samples})
    rows = "\n".join(_turn_row(name, band, bare.get(name)) for name, band in bands.items())
    return TURNED.format(count=len(samples), people=people, finder=finder, rows=rows, model=model)


def _bare_bands(
    predicted: Predicted, samples: Sequence[Sample], scheme: LandmarkScheme
) -> dict[str, TurnBand]:
    """Of the heads with nothing before their face."""
    bare = [not sample.attributes for sample in samples]
    return turn_bands(list(compress(predicted, bare)), list(compress(samples, bare)), scheme)


def _turn_row(name: str, band: TurnBand, bare: TurnBand | None) -> str:
    errors = ["-" if error is None else f"{100 * error:.2f}" for error in (band.inner, band.jaw)]
    of_bare = ["0", "-"] if bare is None else [str(bare.count), _missed(bare)]
    return f"| {' | '.join([name, str(band.count), _missed(band), *errors, *of_bare])} |"


def _missed(band: TurnBand) -> str:
    return f"{100 * band.missed / band.count:.1f}"


def groups(model: Path, finder: str, photographs: Path) -> str:
    """The section on FairFace's groups.

    Raises:
        BadInputError: model, finder or photographs missing or damaged.
    """
    return GROUPS.format(table=fairness_table(measure_fairness(model, open_finder(finder), photographs)))


def beside_mesh(model: Path, name: str, data: Path, mesh: tuple[Predictor, LandmarkScheme]) -> str:
    """The section that holds an open model against MediaPipe's mesh.

    Raises:
        BadInputError: model or data missing or damaged.
    """
    figures = compare({name: load_predictor(model), "MediaPipe's mesh": mesh}, data)
    rows = []
    for each, compared in figures.items():
        mean, low, high = (100 * value for value in compared.behind)
        behind = f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]" if each != name else ""
        rows.append(
            f"| {each} | {100 * compared.nme:.2f} | {100 * compared.nme_without_offsets:.2f} | {behind} |"
        )
    return BESIDE_MESH.format(rows="\n".join(rows))


def limits(*, groups_measured: bool) -> str:
    """The sentence on known limits."""
    return LIMITS + (MEASURED if groups_measured else UNMEASURED)
