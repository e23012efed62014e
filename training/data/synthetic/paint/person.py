"""Painting of a person's whole skin, layer by layer."""

import numpy as np

from training.data.synthetic.head.head import Head
from training.data.synthetic.head.skull import UNDERSIDE
from training.data.synthetic.looks import Looks
from training.data.synthetic.paint.canvas import Canvas
from training.data.synthetic.paint.eyes import paint_brows, paint_eyes
from training.data.synthetic.paint.hair import paint_beard, paint_hair
from training.data.synthetic.paint.mouth import paint_inside, paint_lips
from training.data.synthetic.paint.outlines import trace_outlines
from training.data.synthetic.paint.skin import paint_folds, paint_skin


def paint_head(head: Head, looks: Looks, density: float, rng: np.random.Generator) -> Canvas:
    """A painted canvas of `density` pixels per centimetre."""
    canvas = Canvas(density, head.chin + UNDERSIDE)
    outlines = trace_outlines(head, canvas)
    paint_skin(head, canvas, looks, rng)
    paint_folds(canvas, outlines, looks)
    paint_beard(head, canvas, looks, rng)
    paint_lips(canvas, outlines, looks)
    paint_inside(canvas, outlines, looks, head.expression.mouth_gap, rng)
    paint_eyes(canvas, outlines, looks)
    paint_brows(canvas, outlines, looks, rng)
    paint_hair(canvas, looks, rng)
    return canvas
