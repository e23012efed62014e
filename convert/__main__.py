"""Convert, check and compile networks: `python -m convert run HANDOVER --out OUT`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from convert.job import CALIBRATION_CROPS, INT8_BUDGET_POINTS
from device.contract.command_line import CommandParser, count
from device.contract.errors import GateError, run_program
from device.contract.exit_codes import ExitCode

EPILOG = """\
examples:
  python -m convert run runs/small/handover --out runs/small/model
  python -m convert run runs/small/handover --out runs/small/model --all
  python -m convert onnx pfld.onnx --points 98 --rgb --calibration pictures --out build/pfld
  python -m convert check device/models/small/student.tflite --target edgetpu
  python -m convert ethos-u device/models/*/*.tflite --out build/ethos-u
  python -m convert edgetpu device/models/small/student.tflite --out build/edgetpu

exit codes: 0 done, 2 wrong command line, 3 an input that cannot be used, 4 a gate was missed,
5 a compiler or an environment is not there, 6 refused (a source of an open model is not free),
7 nothing could be written.
"""

RUN_EPILOG = """\
examples:
  python -m convert run runs/small/handover --out runs/small/model
  python -m convert run runs/small/handover --out build/model --int8-budget 0.1 --all

OUT gets student.tflite (int8, the product) and student_float32.tflite, or finder.tflite and
finder_float32.tflite for a finder, each with its manifest, conversion.json and conversion.html. A
second run skips every station whose inputs, settings and code are the same.
Exit code 4: int8 loses more than the budget, or a file breaks a rule of convert/README.md.
LANDMARKS_CONVERT_PYTHON names another interpreter with onnx2tf than .venv-convert's.
"""

ONNX_EPILOG = """\
examples:
  python -m convert onnx pfld.onnx --points 98 --rgb --calibration pictures --out build/pfld
  python -m convert onnx net.onnx --scheme ibug_68 --layout heatmap --mean 0.485,0.456,0.406 \\
      --std 0.229,0.224,0.225 --rgb --calibration pictures --labels 300w:FOLDER --out build/net
  python -m convert onnx net_float32.tflite --points 106 --calibration pictures --out build/net
  python -m convert onnx my.networks:make --size 112x112 --points 68 --calibration pictures --out build/mine

The last form runs your own code, as it says; a file is only read. OUT/handover gets the network in this
project's form; the rest is as `python -m convert run` writes it. Stream it by
  python -m device run --model OUT/student.tflite
Without --labels int8 is judged by how far points move, and the network by whether it knows mirrored faces.
"""

CHECK_EPILOG = """\
examples:
  python -m convert check student.tflite --target edgetpu
  python -m convert check student.tflite --target edgetpu --json | jq .fully_mapped
  python -m convert check student.tflite --target edgetpu --gate   # exit code 4 unless it maps whole

The rules are those of convert/edgetpu/EDGETPU_RULES.md; the compiler itself is not needed.
"""

ETHOS_U_EPILOG = """\
examples:
  python -m convert ethos-u device/models/small/student.tflite --out build/ethos-u
  python -m convert ethos-u device/models/*/*.tflite --out build/ethos-u

Each MODEL is compiled by Arm's Vela for three NPUs; OUT gets the compiled files, Vela's report of every
layer, the model as a C array with its arena size and operators for TensorFlow Lite Micro, and one
table. Exit code 4: an operator is left to the CPU. LANDMARKS_ETHOS_U_PYTHON names another
interpreter with ethos-u-vela than .venv-ethos-u's.
"""

EDGETPU_EPILOG = """\
example:
  python -m convert edgetpu device/models/small/student.tflite --out build/edgetpu

Needs edgetpu_compiler 16.0 on the PATH (x86-64 Debian, from Google's own package archive). Exit code 5
without it: the int8 model then ships as it is. Exit code 4: an operator is left to the CPU.
"""


WEIGHTS_EPILOG = """\
example:
  python -m convert weights device/models/small/student.tflite --out build/small.npz
  python -m training recover device/models/small/student.tflite build/small.npz --data DATA
"""


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, epilog: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=epilog,
    )


def _add_limits(command: argparse.ArgumentParser) -> None:
    """Options of every conversion."""
    command.add_argument("--out", type=Path, required=True, metavar="OUT", help="folder for the product")
    command.add_argument(
        "--int8-budget",
        type=float,
        metavar="POINTS",
        help=f"percentage points that int8 may cost: of NME (default {INT8_BUDGET_POINTS:g}), of the crop's "
        f"side without labels (default 1), or of a finder's mean IoU (default 0.5)",
    )
    command.add_argument(
        "--max-error",
        type=float,
        metavar="PERCENT",
        help="error of the float network itself above which it is refused (default 15; a finder's 1-IoU 50)",
    )
    command.add_argument(
        "--calibration-crops",
        type=count,
        default=CALIBRATION_CROPS,
        metavar="N",
        help="largest number of crops that set the int8 ranges (default %(default)s)",
    )
    command.add_argument(
        "--float-tail",
        action="store_true",
        help="also an int8 file that is float after the last learnt layers, where a network fuses its maps",
    )
    command.add_argument(
        "--all",
        action="store_true",
        dest="everything",
        help="also float16 and int8 with int16 activations, and the error of every layer",
    )


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = _command(commands, "run", "convert a handover folder", RUN_EPILOG)
    run.add_argument("handover", type=Path, metavar="HANDOVER", help="folder that training wrote")
    _add_limits(run)
    run.set_defaults(perform=_run)


def _add_onnx(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from convert.intake.command import add_options

    onnx = _command(commands, "onnx", "convert anybody's landmark network", ONNX_EPILOG)
    add_options(onnx)
    _add_limits(onnx)
    onnx.set_defaults(perform=_onnx)


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = _command(commands, "check", "say what an accelerator takes of a .tflite file", CHECK_EPILOG)
    check.add_argument("model", type=Path, metavar="MODEL", help="a .tflite file of any origin")
    check.add_argument("--target", choices=("edgetpu",), required=True, help="the accelerator")
    check.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    check.add_argument("--gate", action="store_true", help="exit code 4 unless every operator maps")
    check.set_defaults(perform=_check)


def _add_compilers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    ethos_u = _command(commands, "ethos-u", "compile int8 models for Arm's NPUs by Vela", ETHOS_U_EPILOG)
    ethos_u.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="int8 .tflite files")
    ethos_u.add_argument("--out", type=Path, required=True, metavar="OUT", help="folder for the results")
    ethos_u.set_defaults(perform=_ethos_u)
    edgetpu = _command(commands, "edgetpu", "compile an int8 model for the Edge TPU", EDGETPU_EPILOG)
    edgetpu.add_argument("model", type=Path, metavar="MODEL", help="an int8 .tflite file and its manifest")
    edgetpu.add_argument("--out", type=Path, required=True, metavar="OUT", help="folder for the results")
    edgetpu.set_defaults(perform=_edgetpu)


def _add_weights(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    weights = _command(
        commands,
        "weights",
        "the real weights of a shipped student, to train on from",
        WEIGHTS_EPILOG,
    )
    weights.add_argument("model", type=Path, metavar="MODEL", help="a student.tflite of this project")
    weights.add_argument("--out", type=Path, required=True, metavar="NPZ", help="file to write")
    weights.set_defaults(perform=_weights)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; `CommandParser` raises UsageError where it is wrong."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="python -m convert",
        description="A trained network becomes an int8 TFLite file that is proven to say the same.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    _add_onnx(commands)
    _add_check(commands)
    _add_compilers(commands)
    _add_weights(commands)
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> int:
    return _convert(options.handover, options)


def _onnx(options: argparse.Namespace) -> int:
    from convert.intake.command import write_handover

    return _convert(write_handover(options), options)


def _convert(handover: Path, options: argparse.Namespace) -> int:
    from convert.conversion import convert

    print(
        convert(
            handover,
            options.out,
            budget_points=options.int8_budget,
            max_error_percent=options.max_error,
            calibration_crops=options.calibration_crops,
            everything=options.everything,
            float_tail=options.float_tail,
            progress=sys.stderr,
        )
    )
    return int(ExitCode.DONE)


def _check(options: argparse.Namespace) -> int:
    from convert.edgetpu.page import check_file

    text, whole = check_file(options.model, as_json=options.as_json)
    print(text)
    if options.gate and not whole:
        raise GateError(f"{options.model} does not map whole to the Edge TPU: the table above says why")
    return int(ExitCode.DONE)


def _ethos_u(options: argparse.Namespace) -> int:
    from convert.ethosu.ethos_u import compile_models

    print(compile_models(options.models, options.out, os.environ, sys.stderr))
    return int(ExitCode.DONE)


def _edgetpu(options: argparse.Namespace) -> int:
    from convert.edgetpu.compile import compile_model

    print(compile_model(options.model, options.out, os.environ))
    return int(ExitCode.DONE)


def _weights(options: argparse.Namespace) -> int:
    from convert.tflite.weights import write_float_weights

    print(f"{write_float_weights(options.model, options.out)} layers")
    return int(ExitCode.DONE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and perform one command."""
    options = parse_arguments(arguments)
    done: int = options.perform(options)
    return done


if __name__ == "__main__":
    sys.exit(run_program(main))
