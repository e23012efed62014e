"""One person's skin, painted from the ground up."""

import numpy as np

from training.synthetic.canvas import Canvas
from training.synthetic.eyes import paint_brows, paint_eyes
from training.synthetic.hair import paint_beard, paint_hair
from training.synthetic.head import Head
from training.synthetic.looks import Looks
from training.synthetic.mouth import paint_inside, paint_lips
from training.synthetic.outlines import trace_outlines
from training.synthetic.skin import paint_folds, paint_skin
from training.synthetic.skull import UNDERSIDE


def paint_head(head: Head, looks: Looks, density: float, rng: np.random.Generator) -> Canvas:
    """A canvas of `density` pixels per centimetre with all that grows or opens on the skin."""
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
