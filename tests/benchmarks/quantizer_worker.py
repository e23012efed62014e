"""Runs inside .venv-quantizer: a float32 .tflite file to quantised ones by ai-edge-quantizer.

    python -I quantizer_worker.py float32.tflite calibration.npy recipes.json

recipes.json is a list of {"file", "activation_bits", "averaged", "float_names"}; each file is written as it
is named. Imports nothing of this project: its interpreter has other packages.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.utils import qsv_utils

ALL = qtyping.TFLOperationName.ALL_SUPPORTED
KEPT_FLOAT = quantizer.AlgorithmName.NO_QUANTIZE
RANGES = {True: qsv_utils.moving_average_update, False: qsv_utils.min_max_update}
"""How the range of a tensor goes on from crop to crop, by "averaged"."""
REFUSALS = (KeyError, NotImplementedError, RuntimeError, ValueError)
"""What the tool raises where a network does not fit a recipe."""
REFUSED = "refused: "
"""Begins the line that says so; the file is then left out."""


def samples_of(model: bytes, crops: np.ndarray) -> dict[str, list[dict[str, np.ndarray]]]:
    """(N, H, W, 3) uint8 crops as the inputs of the model's one signature, real = (pixel - 128) / 128."""
    ((signature, ends),) = Interpreter(model_content=model).get_signature_list().items()
    (name,) = ends["inputs"]
    return {signature: [{name: (crop[None].astype(np.float32) - 128) / 128} for crop in crops]}


def everything_in(activation_bits: int) -> recipe_manager.RecipeManager:
    """A recipe with weights in 8 bits, per channel, and all activations in so many."""
    recipe = recipe_manager.RecipeManager()
    recipe.add_static_config(".*", ALL, activation_bits, 8)
    return recipe


def ranges_of(model: bytes, crops: np.ndarray, *, averaged: bool) -> dict[str, qtyping.QSV]:
    """The range of every tensor by its name: from least to largest, or as a moving average of each crop's."""
    # An average forgets: the set's last crops, which hold no face, would set it alone.
    order = np.random.default_rng(0).permutation(len(crops))
    found = calibrator.Calibrator(model, num_threads=1, qsv_update_func=RANGES[averaged])
    found.calibrate(samples_of(model, crops[order]), everything_in(8))
    return found.get_model_qsvs()


def in_flatbuffer(content: bytes) -> bytes:
    """The model with every constant in the flatbuffer: most lie behind it, where Coral does not look."""
    model = schema.ModelT.InitFromPackedBuf(content)
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def quantised(model: bytes, ranges: dict[str, qtyping.QSV], wanted: dict) -> bytes:
    """The model by one recipe.

    Args:
        model: a float32 file.
        ranges: of its tensors.
        wanted: "activation_bits", 8 or 16; "float_names": outputs of the operators that stay float. Where one
            of them is an output of the file, all of the file's are float.
    """
    tool = quantizer.Quantizer(model, everything_in(wanted["activation_bits"]).get_quantization_recipe())
    for name in wanted["float_names"]:
        tool.update_quantization_recipe(f"(^|;){re.escape(name)}(;|$)", ALL, algorithm_key=KEPT_FLOAT)
    made = tool.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return in_flatbuffer(bytes(made.quantized_model))


def main() -> None:
    """The files that are asked for."""
    model, crops = Path(sys.argv[1]).read_bytes(), np.load(sys.argv[2], allow_pickle=False)
    recipes = json.loads(Path(sys.argv[3]).read_text())
    ranges = {
        averaged: ranges_of(model, crops, averaged=averaged)
        for averaged in {wanted["averaged"] for wanted in recipes}
    }
    for wanted in recipes:
        try:
            content = quantised(model, ranges[wanted["averaged"]], wanted)
        except REFUSALS as error:
            print(f"{REFUSED}{wanted['file']}: {error}")
            continue
        Path(wanted["file"]).write_bytes(content)


if __name__ == "__main__":
    main()
