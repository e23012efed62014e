"""Bytes of a glTF file's buffers, compressed by EXT_meshopt_compression or not."""

import meshoptimizer
import numpy as np


def piece(blob: bytes, offset: int, length: int) -> bytes:
    """Some bytes of a file.

    Raises:
        ValueError: the file does not have them.
    """
    if offset < 0 or length < 0 or offset + length > len(blob):
        raise ValueError("a buffer view reaches beyond the file")
    return blob[offset : offset + length]


FILTER_STRIDES = {
    "NONE": range(1, 257),
    "OCTAHEDRAL": (4, 8),
    "QUATERNION": (8,),
    "EXPONENTIAL": range(4, 257, 4),
}
"""Bytes of an element by filter. The native decoder does not check them and would write beyond its buffer."""


def decompress(data: bytes, mode: str, filter_name: str, count: int, stride: int) -> bytes:
    """A buffer view as it was before its compression.

    Args:
        data: compressed.
        mode: of the extension, like its `filter`.
        filter_name: likewise.
        count: elements.
        stride: bytes of an element.

    Raises:
        ValueError: a stride that does not go with the filter.
        LookupError: an unknown mode or filter.
        RuntimeError: damaged data.
    """
    if stride not in FILTER_STRIDES[filter_name]:
        raise ValueError(f"elements of {stride} bytes do not go with the filter {filter_name}")
    if mode == "ATTRIBUTES":
        raw = meshoptimizer.decode_vertex_buffer(count, stride, data, dtype=np.dtype((np.void, stride)))
        decoded = raw.view(np.uint8)
    else:
        decode = {
            "TRIANGLES": meshoptimizer.decode_index_buffer,
            "INDICES": meshoptimizer.decode_index_sequence,
        }[mode]
        # The wrapper always allocates 32-bit indices.
        decoded = decode(count, 4, data).astype({2: np.uint16, 4: np.uint32}[stride]).view(np.uint8)
    undo = {
        "NONE": lambda values, *_: values,
        "OCTAHEDRAL": meshoptimizer.decode_filter_oct,
        "QUATERNION": meshoptimizer.decode_filter_quat,
        "EXPONENTIAL": meshoptimizer.decode_filter_exp,
    }[filter_name]
    return bytes(undo(decoded, count, stride).tobytes())
