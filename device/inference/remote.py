"""An interpreter in a guarded child process, with the surface of the one in this process.

Tensors pass through shared memory; a run costs two short messages on top.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.inference.settings import EDGETPU_LIBRARY, OPEN_SECONDS, RUN_SECONDS
from device.support.child import Child, ChildError

MODULE = "device.inference.remote_worker"


class AcceleratorError(Exception):
    """The accelerator cannot be opened, or has failed; the message gives the reason in one line."""


class RemoteInterpreter:
    """A loaded model on an accelerator."""

    def __init__(
        self,
        model: Path,
        threads: int,
        library: str,
        *,
        open_seconds: float,
        run_seconds: float,
        module: str = MODULE,
    ) -> None:
        """Start the child and wait until the model is loaded and warm.

        Args:
            model: compiled for the accelerator.
            threads: for what is left to the CPU.
            library: of the delegate.
            open_seconds: how long loading may take.
            run_seconds: how long one inference may take.
            module: the child's program.

        Raises:
            AcceleratorError: it cannot be opened.
        """
        self._library, self._run_seconds = library, run_seconds
        self._child = Child(module, str(model), library, str(threads))
        try:
            answer = self._child.receive(open_seconds).decode(errors="replace")
        except ChildError as error:
            self._child.close()
            raise AcceleratorError(self._why_not_loaded(error)) from error
        if answer.startswith("error "):
            self._child.close()
            raise AcceleratorError(f"{library} does not load: {answer.removeprefix('error ')}")
        description = json.loads(answer)
        self._inputs, self._outputs = (_details_of(description[key]) for key in ("inputs", "outputs"))
        memory = self._child.memory()
        self._views = {
            tensor["index"]: np.ndarray(tensor["shape"], tensor["dtype"], memory, tensor["offset"])
            for tensor in (*description["inputs"], *description["outputs"])
        }

    def _why_not_loaded(self, error: ChildError) -> str:
        said = str(error)
        if "SIG" in said:
            return (
                f"{self._library} {said} while loading: it was built for another TFLite runtime; install the "
                "libedgetpu built for the installed one"
            )
        return f"{self._library} {said} while loading"

    def get_input_details(self) -> list[dict[str, Any]]:
        """Of every input, in the form of the runtime's own interpreter."""
        return self._inputs

    def get_output_details(self) -> list[dict[str, Any]]:
        """Of every output, in the form of the runtime's own interpreter."""
        return self._outputs

    def invoke(self) -> None:
        """Run the network.

        Raises:
            AcceleratorError: the accelerator has failed, hangs, or its process has died; it is killed.
        """
        try:
            answer = self._child.ask(b"run", self._run_seconds).decode(errors="replace")
        except ChildError as error:
            self._child.close()
            raise AcceleratorError(f"the accelerator's process {error}") from error
        if answer != "done":
            self._child.close()
            raise AcceleratorError(f"the accelerator failed: {answer.removeprefix('error ')}")

    def tensor(self, index: int) -> Callable[[], NDArray[Any]]:
        """A function that gives a view of an input or output, valid until the next `invoke`."""
        return lambda: self._views[index]

    def close(self) -> None:
        """End the child, which frees the accelerator."""
        self._child.close()


OpenRemote = Callable[[Path, int], RemoteInterpreter]
"""Opens a model file with so many threads; raises AcceleratorError."""


def open_remotely(
    library: str = EDGETPU_LIBRARY, open_seconds: float = OPEN_SECONDS, run_seconds: float = RUN_SECONDS
) -> OpenRemote:
    """A function that opens models in child processes, with the given limits."""
    return partial(RemoteInterpreter, library=library, open_seconds=open_seconds, run_seconds=run_seconds)


def _details_of(description: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**tensor, "quantization": tuple(tensor["quantization"])} for tensor in description]
