"""Runs inside .venv-convert: tf2onnx's command line, its fully connected layers mended.

tf2onnx 1.17.0 loses the bias of such a layer where the input has more than two dimensions. Here that input
becomes rows first, so that the branch at fault is not taken. Imports nothing of this project.
"""

from typing import Any

import numpy as np
from tf2onnx import convert, utils
from tf2onnx.handler import tfl_op
from tf2onnx.tflite_handlers.tfl_math import TflFullyConnectedOp


@tfl_op(["TFL_FULLY_CONNECTED"])
class WholeFullyConnected:
    """Takes the place of tf2onnx's own handler."""

    @classmethod
    def to_tf(cls, ctx: Any, node: Any, **options: Any) -> None:
        """Make rows of the input, then do as tf2onnx does."""
        if not node.attr["keep_num_dims"].i and ctx.get_rank(node.input[0]) != 2:
            width = ctx.get_shape(node.input[1])[1]
            shape = ctx.make_const(utils.make_name("rows_shape"), np.array([-1, width], np.int64))
            rows = ctx.make_node("Reshape", [node.input[0], shape.output[0]], shapes=[[-1, width]])
            rows.skip_conversion = True
            ctx.replace_inputs(node, [rows.output[0], *node.input[1:]])
        TflFullyConnectedOp.to_tf(ctx, node, **options)


if __name__ == "__main__":
    convert.main()
