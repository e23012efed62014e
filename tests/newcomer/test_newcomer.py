"""`make run` on a bare Debian 12: works, and leaves no more on the disk than is promised.

Its seconds are printed, and judged by `make newcomer` alone: another program on the machine changes them.
"""

import os

import pytest

from device.contract.errors import MissingOutsideError
from tests.needs import need
from tests.newcomer.newcomer import MAX_MB, BareDebian, run_demo


@pytest.fixture(scope="module")
def debian(root, tmp_path_factory):
    need("mmdebstrap", "unshare")
    if os.geteuid() != 0:
        pytest.skip("not root: nobody else can make another root folder")
    try:
        made = BareDebian(tmp_path_factory.mktemp("debian"))
    except MissingOutsideError as error:
        pytest.skip(str(error))
    made.clone(root)
    return made


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_first_command_works_and_stays_small(debian):
    took = run_demo(debian)
    print(f"{took.seconds:.0f} s, {took.processor_seconds:.0f} s of a processor, {debian.megabytes():.0f} MB")
    # A line for each step, and none of a library's own.
    for told in (" packages, about ", "bundling the page", "http://127.0.0.1:"):
        assert told in took.output
    for chatter in ("XNNPACK", "libpng", "npm notice", "Traceback"):
        assert chatter not in took.output
    assert debian.megabytes() < MAX_MB
    # Ours alone knows how to draw it: no page means that Node or npm was not to be had.
    assert (debian.path("/home/newcomer/landmarks") / "device/web/built/index.html").is_file()
