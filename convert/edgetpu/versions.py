"""Operator versions that the Edge TPU compiler 16.0 can parse.

It holds a TensorFlow Lite of about TensorFlow 2.8, whose register lists a highest version for each
builtin operator. One operator beyond it and the compiler reads nothing of the file ("Didn't find op
for builtin opcode 'CONV_2D' version '6'"). Where users' reports are narrower than the register, they
count: CONV_2D 6, TRANSPOSE 6, TRANSPOSE_CONV 4, QUANTIZE 3 and EXP 2 were all refused.
"""

from convert.tflite.file import Graph

FIRST_UNKNOWN_CODE = 150
"""GELU and all that came after it; the compiler says "builtin_code out of range"."""

HIGHEST_VERSION = {
    "ABS": 4,
    "ADD": 4,
    "ARG_MAX": 3,
    "ARG_MIN": 3,
    "AVERAGE_POOL_2D": 3,
    "BATCH_MATMUL": 4,
    "BATCH_TO_SPACE_ND": 3,
    "BIDIRECTIONAL_SEQUENCE_LSTM": 3,
    "BIDIRECTIONAL_SEQUENCE_RNN": 3,
    "BROADCAST_TO": 3,
    "CAST": 4,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "DEPTH_TO_SPACE": 2,
    "DEQUANTIZE": 5,
    "DIV": 2,
    "EMBEDDING_LOOKUP": 3,
    "EQUAL": 3,
    "FAKE_QUANT": 2,
    "FILL": 3,
    "FLOOR_DIV": 2,
    "FULLY_CONNECTED": 9,
    "GATHER": 5,
    "GATHER_ND": 3,
    "GREATER": 2,
    "GREATER_EQUAL": 2,
    "L2_NORMALIZATION": 2,
    "LEAKY_RELU": 2,
    "LESS": 2,
    "LESS_EQUAL": 2,
    "LOGISTIC": 3,
    "LOG_SOFTMAX": 2,
    "LSTM": 4,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MIRROR_PAD": 2,
    "MUL": 5,
    "NOT_EQUAL": 3,
    "PACK": 3,
    "PAD": 4,
    "PADV2": 4,
    "QUANTIZE": 2,
    "REDUCE_MAX": 3,
    "REDUCE_MIN": 3,
    "REDUCE_PROD": 2,
    "RELU": 3,
    "RELU6": 3,
    "RESIZE_BILINEAR": 4,
    "RESIZE_NEAREST_NEIGHBOR": 4,
    "REVERSE_V2": 3,
    "RNN": 3,
    "RSQRT": 2,
    "SELECT": 2,
    "SLICE": 5,
    "SOFTMAX": 3,
    "SPACE_TO_BATCH_ND": 3,
    "SPACE_TO_DEPTH": 2,
    "SPARSE_TO_DENSE": 3,
    "SPLIT": 4,
    "SPLIT_V": 2,
    "SQUARED_DIFFERENCE": 2,
    "SQUEEZE": 2,
    "STRIDED_SLICE": 6,
    "SUB": 5,
    "SUM": 2,
    "SVDF": 4,
    "TANH": 3,
    "TILE": 3,
    "TOPK_V2": 2,
    "TRANSPOSE": 5,
    "TRANSPOSE_CONV": 3,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 3,
    "UNIDIRECTIONAL_SEQUENCE_RNN": 3,
    "UNPACK": 4,
    "WHERE": 2,
}
"""1 for every builtin operator that is not listed; a custom one has no version here."""


def unparsable(graph: Graph) -> str | None:
    """The compiler's message when it cannot open the file; None if it can read it."""
    for node in graph.operators:
        if node.custom:
            continue
        if node.code >= FIRST_UNKNOWN_CODE:
            return f"builtin_code out of range: {node.code} ({node.name})"
        if node.version > HIGHEST_VERSION.get(node.name, 1):
            return f"Didn't find op for builtin opcode '{node.name}' version '{node.version}'"
    return None
