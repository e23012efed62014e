"""A quick start searches no garbage, loads nothing needless, and leaves everything usable."""

import gc
import subprocess
import sys

from device.support.startup import quick_imports


def test_no_search_meanwhile_and_none_later_among_what_was_there() -> None:
    try:
        with quick_imports():
            assert not gc.isenabled()
            kept = [[]]
        assert gc.isenabled()
        assert not any(each is kept for each in gc.get_objects())
        later = [[]]
        assert any(each is later for each in gc.get_objects())
    finally:
        gc.unfreeze()


def test_msgspec_does_without_typing_extensions_which_can_be_loaded_later() -> None:
    program = (
        "import os, sys\n"
        "from device.support.startup import quick_imports\n"
        "with quick_imports():\n"
        "    from device.messages.messages import Health, encode\n"
        "assert 'typing_extensions' not in sys.modules, 'msgspec has loaded it'\n"
        "assert os.environ['OPENBLAS_NUM_THREADS'] == '1'\n"
        "import typing_extensions\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
