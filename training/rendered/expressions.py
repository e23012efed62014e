"""Random expressions that a face can make, as weights of the heads' morphs.

Each part of the face, mouth, eyes and brows, takes one state. Morphs of the two sides go together, one
side a little stronger than the other.
"""

from collections.abc import Callable, Mapping

import numpy as np

Weights = dict[str, float]

SPEECH = (
    "AE_AA", "AO_a", "Ax_E", "TD_I", "UH_OO", "UW_U", "H_EST", "FV", "S", "SH_CH", "MPB_Up", "MPB_Down", "KG",
)  # fmt: skip
"""Shapes of the mouth in speech, one a sound."""


def _both(rng: np.random.Generator, name: str, amount: float) -> Weights:
    """A morph on the right and the left, nearly as strong."""
    right, left = np.clip(amount * rng.normal(1, 0.12, 2), 0, 1)
    return {f"R{name}": float(right), f"L{name}": float(left)}


def _speaking(rng: np.random.Generator) -> Weights:
    chosen = rng.choice(SPEECH, 2, replace=False)
    return {
        str(name): float(amount) for name, amount in zip(chosen, rng.uniform(0.1, [0.9, 0.5]), strict=True)
    }


def _open(rng: np.random.Generator) -> Weights:
    return {"MouthOpen": float(rng.uniform(0.2, 1))}


def _shouting(rng: np.random.Generator) -> Weights:
    return {"Shout": float(rng.uniform(0.3, 1))}


def _smiling(rng: np.random.Generator) -> Weights:
    return _both(rng, "smileClose", rng.uniform(0.2, 1)) | _both(rng, "lowLid", rng.uniform(0, 0.4))


def _laughing(rng: np.random.Generator) -> Weights:
    return (
        _both(rng, "smileOpen", rng.uniform(0.3, 1))
        | {"MouthOpen": float(rng.uniform(0, 0.4))}
        | _both(rng, "squint", rng.uniform(0, 0.4))
    )


def _sad(rng: np.random.Generator) -> Weights:
    return _both(rng, "mouthSad", rng.uniform(0.3, 1))


def _disgusted(rng: np.random.Generator) -> Weights:
    return _both(rng, "disgust", rng.uniform(0.3, 1)) | _both(rng, "nostril", rng.uniform(0, 0.7))


def _pursed(rng: np.random.Generator) -> Weights:
    name = str(rng.choice(["Kiss", "Chin", "JawFront", "JawCompress", "Chew"]))
    return {name: float(rng.uniform(0.3, 1))}


def _crooked(rng: np.random.Generator) -> Weights:
    side = str(rng.choice(["R", "L"]))
    part = str(rng.choice(["lipSide", "lipCorner", "lipUp", "lipDown", "jaw", "blow", "smileClose"]))
    return {side + part: float(rng.uniform(0.3, 0.9))}


def _calm(rng: np.random.Generator) -> Weights:
    return {"MouthOpen": float(max(rng.normal(0, 0.05), 0))}


def _eyes_open(rng: np.random.Generator) -> Weights:
    return _both(rng, "eyeClose", rng.uniform(0, 0.25))


def _eyes_narrow(rng: np.random.Generator) -> Weights:
    return _both(rng, "eyeClose", rng.uniform(0.25, 0.7)) | _both(rng, "squint", rng.uniform(0, 0.6))


def _eyes_closed(rng: np.random.Generator) -> Weights:
    del rng
    return {"ReyeClose": 1.0, "LeyeClose": 1.0}


def _winking(rng: np.random.Generator) -> Weights:
    side = str(rng.choice(["R", "L"]))
    return {f"{side}eyeClose": 1.0, f"{side}squint": float(rng.uniform(0, 0.8))}


def _eyes_wide(rng: np.random.Generator) -> Weights:
    return _both(rng, "eyeOpen", rng.uniform(0.3, 1))


def _brows(rng: np.random.Generator, inner: str, outer: str) -> Weights:
    amount = rng.uniform(0.2, 1)
    outside = np.clip(amount * rng.uniform(0.2, 1.1, 2), 0, 1)
    return _both(rng, inner, amount) | {f"RR{outer}": float(outside[0]), f"LL{outer}": float(outside[1])}


def _brows_up(rng: np.random.Generator) -> Weights:
    return _brows(rng, "browUp", "browUp")


def _brows_down(rng: np.random.Generator) -> Weights:
    return _brows(rng, "browDown", "browDown")


def _brows_sad(rng: np.random.Generator) -> Weights:
    return _both(rng, str(rng.choice(["sad", "pityful"])), rng.uniform(0.3, 1))


def _one_brow_up(rng: np.random.Generator) -> Weights:
    side = str(rng.choice(["R", "L"]))
    return {f"{side}browUp": float(rng.uniform(0.3, 1)), f"{side}{side}browUp": float(rng.uniform(0.3, 1))}


def _none(rng: np.random.Generator) -> Weights:
    del rng
    return {}


State = Callable[[np.random.Generator], Weights]

MOUTH: Mapping[State, float] = {
    _calm: 0.24, _speaking: 0.25, _open: 0.1, _shouting: 0.04, _smiling: 0.12, _laughing: 0.12, _sad: 0.03,
    _disgusted: 0.02, _pursed: 0.04, _crooked: 0.04,
}  # fmt: skip
"""How often each state of the mouth is drawn."""
EYES: Mapping[State, float] = {
    _eyes_open: 0.68, _eyes_narrow: 0.13, _eyes_closed: 0.08, _winking: 0.03, _eyes_wide: 0.08,
}  # fmt: skip
BROWS: Mapping[State, float] = {
    _none: 0.5, _brows_up: 0.18, _brows_down: 0.17, _brows_sad: 0.08, _one_brow_up: 0.07,
}  # fmt: skip


def random_expression(rng: np.random.Generator) -> Weights:
    """Weights of the face's morphs, 0 to 1, by name."""
    weights: Weights = {}
    for states in (MOUTH, EYES, BROWS):
        odds = np.array(list(states.values()))
        state = list(states)[int(rng.choice(len(odds), p=odds / odds.sum()))]
        for name, amount in state(rng).items():
            weights[name] = min(weights.get(name, 0.0) + amount, 1.0)
    return weights
