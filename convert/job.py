"""One conversion: its input and output paths and its settings."""

from dataclasses import dataclass, field
from pathlib import Path

INT8_BUDGET_POINTS = 0.10
"""Percentage points of NME that int8 may cost unless the handover or the command line says otherwise."""

CALIBRATION_CROPS = 200
"""Crops that set the ranges. Minima and maxima settle long before; more only take time."""


LANDMARK_STEM, FINDER_STEM = "student", "finder"
"""What the product's files are called, by the network's task."""


@dataclass(frozen=True)
class Settings:
    """Options of the command line."""

    int8_budget_points: float = INT8_BUDGET_POINTS
    """Percentage points of NME, int8 over PyTorch, above which nothing is delivered."""
    max_error_percent: float = 15.0
    """Error of the float network itself, percent, above which nothing is delivered."""
    calibration_crops: int = CALIBRATION_CROPS
    """Largest number of crops that set the ranges."""
    everything: bool = False
    """Also float16, int8 with int16 activations, and the error of every layer."""
    float_tail: bool = False
    """Also an int8 file that is float after the last learnt layers."""


@dataclass(frozen=True)
class Job:
    """The paths of one conversion. `handover` is only read; everything is written under `out`."""

    handover: Path
    out: Path
    converter: Path
    """A Python interpreter with onnx2tf and TensorFlow."""
    settings: Settings = field(default_factory=Settings)
    stem: str = LANDMARK_STEM
    """File name stem of the product."""

    @property
    def network(self) -> Path:
        """The network in ONNX, as handed over."""
        return self.handover / "network.onnx"

    @property
    def reference(self) -> Path:
        """Outputs of the original network on the validation crops."""
        return self.handover / "reference.npz"

    @property
    def calibration(self) -> Path:
        """Crops that set the ranges."""
        return self.handover / "calibration.npz"

    @property
    def validation(self) -> Path:
        """Crops with true landmarks, for the comparison."""
        return self.handover / "validation.npz"

    @property
    def description(self) -> Path:
        """What the network is: scheme, crop rule, codec, provenance."""
        return self.handover / "handover.json"

    @property
    def work(self) -> Path:
        """Intermediate files."""
        return self.out / "work"

    @property
    def network_facts(self) -> Path:
        """Parameters and output shapes of the checked network."""
        return self.work / "network.json"

    @property
    def onnx(self) -> Path:
        """The network in the ONNX operator set that onnx2tf converts best."""
        return self.work / f"{self.stem}.onnx"

    @property
    def scratch(self) -> Path:
        """Working folder of the converter's process: its float SavedModel lies here."""
        return self.work / "onnx2tf"

    @property
    def converter_log(self) -> Path:
        """The converter process's log."""
        return self.work / "onnx_to_tflite.log"

    @property
    def int8_model(self) -> Path:
        """The int8 file before its checks."""
        return self.work / f"{self.stem}.tflite"

    @property
    def float_model(self) -> Path:
        """The float file before its checks."""
        return self.work / f"{self.stem}_float32.tflite"

    @property
    def float16_model(self) -> Path:
        """Weights in 16 bits; only with `everything`."""
        return self.work / f"{self.stem}_float16.tflite"

    @property
    def int16_model(self) -> Path:
        """int8 weights, int16 activations; only with `everything`."""
        return self.work / f"{self.stem}_int16x8.tflite"

    @property
    def float_tail_model(self) -> Path:
        """int8 up to the last learnt layers, float32 after them; only with `float_tail`."""
        return self.work / f"{self.stem}_float_tail.tflite"

    @property
    def float_tail(self) -> Path:
        """How that compares."""
        return self.work / "float_tail.json"

    @property
    def variants(self) -> Path:
        """How the other variants compare, and what each layer of the int8 file loses."""
        return self.work / "variants.json"

    @property
    def models(self) -> tuple[Path, Path]:
        """Both files before their checks."""
        return self.int8_model, self.float_model

    @property
    def manifests(self) -> tuple[Path, Path]:
        """The manifests beside `models`, still without metrics."""
        return self.int8_model.with_suffix(".json"), self.float_model.with_suffix(".json")

    @property
    def operators(self) -> Path:
        """Operator counts of both files, and what accelerators take of the int8 one."""
        return self.work / "operators.json"

    @property
    def npu(self) -> Path:
        """Vela's figures of the int8 file."""
        return self.work / "npu.json"

    @property
    def page(self) -> Path:
        """The report for a person, one HTML file."""
        return self.out / "conversion.html"

    @property
    def comparison(self) -> Path:
        """The original network, ONNX, float and int8 on the same crops."""
        return self.work / "comparison.json"

    @property
    def delivered(self) -> tuple[Path, ...]:
        """The product: both models with their manifests."""
        return tuple(self.out / path.name for path in (*self.models, *self.manifests))

    @property
    def report(self) -> Path:
        """The conversion report."""
        return self.out / "conversion.json"
