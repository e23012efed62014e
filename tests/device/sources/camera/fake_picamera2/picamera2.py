"""A fake of picamera2: the few calls that are used, and the faults of a real one on demand.

`FAKE_PICAMERA2` in the environment: `ok`, `missing`, `numpy`, `none`, `hang`, `crash`, `sizes`, `asleep`.
"""

import itertools
import os
import signal
import sys
import time

import numpy as np

MODE = os.environ.get("FAKE_PICAMERA2", "ok")
STRIDE = 64
PERIOD_NS = 20_000_000

if MODE == "missing":
    raise ModuleNotFoundError("No module named 'libcamera'")
if MODE == "numpy":
    raise ValueError("numpy.dtype size changed, may indicate binary incompatibility. Expected 96, got 88")


class FakeRequest:
    """One captured frame, to be released."""

    waiting = 0

    def __init__(self, number, size_wh, stride):
        self.number, self.size_wh, self.stride = number, size_wh, stride
        FakeRequest.waiting += 1
        assert FakeRequest.waiting == 1, "a request was not released before the next"

    def get_metadata(self):
        stamp_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 5_000_000
        return {"SensorTimestamp": stamp_ns - (3_600_000_000_000 if MODE == "asleep" else 0)}

    def make_array(self, name):
        assert name == "lores"
        width, height = self.size_wh
        planes = np.full((height * 3 // 2, self.stride), 128, np.uint8)
        planes[:height, :width] = 40 + 10 * self.number
        if MODE == "sizes" and self.number % 2:
            return planes[: height // 2]
        return planes

    def release(self):
        FakeRequest.waiting -= 1


class Picamera2:
    """A camera whose frame n is evenly grey."""

    def __init__(self, number):
        if MODE == "none":
            raise IndexError("list index out of range")
        self.numbers = itertools.count()

    # Those of a camera module 3 (IMX708), of which the fastest sees only the middle.
    sensor_modes = (
        {"size": (1536, 864), "fps": 120.13, "crop_limits": (768, 432, 3072, 1728), "bit_depth": 10},
        {"size": (2304, 1296), "fps": 56.03, "crop_limits": (0, 0, 4608, 2592), "bit_depth": 10},
        {"size": (4608, 2592), "fps": 14.35, "crop_limits": (0, 0, 4608, 2592), "bit_depth": 10},
    )

    def create_video_configuration(self, main, lores, controls, buffer_count, sensor):
        assert lores["format"] == "YUV420"
        print("sensor", sensor, file=sys.stderr)
        return {"lores": lores, "controls": controls}

    def configure(self, configuration):
        # As a real one does: the next size that the hardware can give.
        width, height = configuration["lores"]["size"]
        self.size_wh = (width + width % 2, height + height % 2)

    def camera_configuration(self):
        return {"lores": {"size": self.size_wh}}

    def start(self):
        print("libcamera talks on standard output too")

    def capture_request(self):
        number = next(self.numbers)
        if MODE == "hang" and number == 3:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            time.sleep(3600)
        if MODE == "crash" and number == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(PERIOD_NS / 1e9)
        width = self.size_wh[0]
        return FakeRequest(number, self.size_wh, -(-width // STRIDE) * STRIDE)
