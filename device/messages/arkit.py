"""The blend shapes of Apple's ARKit: their names, and which of them 68 points can tell.

Light on purpose, as `device/messages/signals.py` is. What is told is derived in `device/signal/arkit.py`.
"""

ARKIT_SHAPES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight",
    "jawForward", "jawLeft", "jawRight", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft",
    "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""All 52, in the order in which Live Link Face sends them."""

ARKIT_TOLD = {
    "eyeBlinkLeft": "`eye_open_left`",
    "eyeBlinkRight": "`eye_open_right`",
    "eyeWideLeft": "the left lids farther apart than at rest",
    "eyeWideRight": "the right lids farther apart than at rest",
    "jawOpen": "`jaw_open`",
    "jawLeft": "the chin beside the nose",
    "jawRight": "the chin beside the nose",
    "mouthClose": "`jaw_open` beyond `mouth_open`: the lips stay together while the jaw goes down",
    "mouthFunnel": "`pucker` of an open mouth",
    "mouthPucker": "`pucker` of a closed mouth",
    "mouthLeft": "`mouth_sideways`",
    "mouthRight": "`mouth_sideways`",
    "mouthSmileLeft": "`smile_left`",
    "mouthSmileRight": "`smile_right`",
    "mouthFrownLeft": "`smile_left` below 0",
    "mouthFrownRight": "`smile_right` below 0",
    "mouthStretchLeft": "`mouth_width` beyond what the smile makes of it",
    "mouthStretchRight": "the same",
    "mouthPressLeft": "`lip_press`",
    "mouthPressRight": "`lip_press`",
    "mouthLowerDownLeft": "the left half of the lower lip nearer to the chin",
    "mouthLowerDownRight": "the right half of the lower lip nearer to the chin",
    "mouthUpperUpLeft": "the left half of the upper lip nearer to the nose",
    "mouthUpperUpRight": "the right half of the upper lip nearer to the nose",
    "browDownLeft": "`brow_inner_left` and `brow_outer_left` below 0, or `brow_frown`",
    "browDownRight": "`brow_inner_right` and `brow_outer_right` below 0, or `brow_frown`",
    "browInnerUp": "`brow_inner_left` and `brow_inner_right`",
    "browOuterUpLeft": "`brow_outer_left`",
    "browOuterUpRight": "`brow_outer_right`",
}
"""Those that we tell, and by what; the rest of the 52 cannot be seen from 68 points."""

ARKIT_NAMES = tuple(ARKIT_TOLD)
"""In the order of the stream."""
