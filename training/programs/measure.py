"""`evaluate`, `compare`, `presence`, `robustness` and `fairness`: figures of models."""

import argparse
import json
from dataclasses import asdict

from device.contract.errors import UsageError
from device.contract.landmarks import ibug_68
from device.finders.open import open_finder
from training.data.sets.sample import Faces
from training.engine.figures import draw_ced
from training.measure import evaluate as evaluation
from training.measure.presence import measure_presence, presence_table
from training.measure.robustness import draw_cheap, draw_reliability, measure_robustness, robustness_table
from training.measure.turned_heads import turn_bands, turn_table
from training.peers.media_pipe import MeshLooker
from training.report.fairness import fairness_table, measure_fairness
from training.report.scheme_offsets import compare as compare_predictors
from training.report.scheme_offsets import comparison_table


def _predicted(
    arguments: argparse.Namespace, predict: evaluation.Predictor, samples: Faces
) -> evaluation.Predicted:
    """Landmarks of each face, from the boxes that the command line asks for."""
    if arguments.boxes != "finder":
        return evaluation.predict_boxes(predict, samples, arguments.boxes)
    finder = open_finder(arguments.finder)
    if arguments.model.suffix == ".tflite":
        return evaluation.predict_found(arguments.model, finder, samples)
    return evaluation.predict_found_boxes(predict, finder, samples)


def evaluate(arguments: argparse.Namespace) -> None:
    """Evaluate a model file on labelled faces.

    Raises:
        LandmarksError: as model, data set and finder say.
    """
    predict, scheme = evaluation.load_predictor(arguments.model)
    samples = evaluation.load_samples(arguments.dataset, arguments.list, arguments.part, scheme.name)
    predicted = _predicted(arguments, predict, samples)
    points = evaluation.points_of(scheme, arguments.points)
    figures = evaluation.evaluate(predicted, samples, scheme, points)
    if arguments.ced is not None:
        errors = evaluation.errors_of(predicted, samples, scheme, points)
        draw_ced({arguments.model.stem: errors}, arguments.ced)
    values = asdict(figures)
    table = evaluation.evaluation_table(figures)
    if arguments.dataset.startswith("rendered:"):
        bands = turn_bands(predicted, samples, scheme)
        values["turn_bands"] = {name: asdict(band) for name, band in bands.items()}
        table += "\n" + turn_table(bands)
    print(json.dumps(values) if arguments.json else table)


def presence(arguments: argparse.Namespace) -> None:
    """Measure a model's presence.

    Raises:
        LandmarksError: as model, data set and finder say.
    """
    finder = None if arguments.finder is None else open_finder(arguments.finder)
    figures = measure_presence(arguments.model, arguments.data, finder)
    print(json.dumps(asdict(figures)) if arguments.json else presence_table(figures))


def robustness(arguments: argparse.Namespace) -> None:
    """Measure what the usual figures do not show.

    Raises:
        LandmarksError: as model and data set say.
    """
    figures = measure_robustness(arguments.model, arguments.data)
    if arguments.plot is not None:
        draw_reliability({arguments.model.parent.name: figures}, arguments.plot)
    if arguments.pictures is not None:
        draw_cheap(arguments.data, arguments.pictures)
    print(json.dumps(asdict(figures)) if arguments.json else robustness_table(figures))


def fairness(arguments: argparse.Namespace) -> None:
    """Measure whether a model serves everybody alike.

    Raises:
        LandmarksError: as model, finder and photographs say.
    """
    finder = open_finder(arguments.finder)
    groups = measure_fairness(arguments.model, finder, arguments.photographs, arguments.count)
    print(json.dumps([asdict(group) for group in groups]) if arguments.json else fairness_table(groups))


def compare(arguments: argparse.Namespace) -> None:
    """Compare models, constant offsets removed.

    Raises:
        UsageError: a model is named twice, or gives another scheme than ibug_68.
        LandmarksError: as models and data set say.
    """
    predictors = {str(path): evaluation.load_predictor(path) for path in arguments.models}
    for name, (_, scheme) in predictors.items():
        if scheme.name != "ibug_68":
            raise UsageError(f"{name} gives {scheme.name}; 300-W is labelled in ibug_68")
    if len(predictors) < len(arguments.models):
        raise UsageError("a model is named twice; name each once")
    if arguments.mesh:
        predictors["MediaPipe's mesh"] = MeshLooker().follow, ibug_68
    figures = compare_predictors(predictors, arguments.data)
    values = {name: asdict(each) for name, each in figures.items()}
    print(json.dumps(values) if arguments.json else comparison_table(figures))
