"""The process that holds the Pi's camera: picamera2 is loaded here and nowhere else.

picamera2 can block for ever, its `stop` included; a process can always be killed, and its end frees the
camera. Messages: `opened WIDTH HEIGHT` or `error REASON` first, then for each `next` a `shot CAPTURED_NS`
or `bad REASON`, the picture (H, W, 3) uint8 blue green red in the shared memory.
"""

import sys
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.support.child import Parent

PLAUSIBLE_AGE_NS = 1_000_000_000
"""A sensor's time stamp older than this is of another clock."""

BUFFERS = 4
"""Frames in the camera's own ring."""

REMEDY = "sudo apt install python3-picamera2, and make the environment with --system-site-packages"


def open_picamera2(number: int, size_wh: tuple[int, int], fps: float | None) -> Any:
    """A started Picamera2 whose `lores` stream is YUV420 of about that size.

    Raises:
        ImportError, ValueError: picamera2 is not there, or was built against another numpy.
        RuntimeError, IndexError: libcamera has no such camera, or another program holds it.
    """
    from picamera2 import Picamera2

    camera = Picamera2(number)
    stream = {"size": size_wh, "format": "YUV420"}
    controls = {} if fps is None else {"FrameRate": fps}
    configuration = camera.create_video_configuration(
        main=dict(stream), lores=dict(stream), controls=controls, buffer_count=BUFFERS
    )
    camera.configure(configuration)
    camera.start()
    return camera


def monotonic_of(sensor_ns: int | None) -> int:
    """A SensorTimestamp, which counts CLOCK_BOOTTIME, in CLOCK_MONOTONIC; now, if it makes no sense.

    The two differ by the time that the device was asleep.
    """
    now_ns = time.monotonic_ns()
    if sensor_ns is None:
        return now_ns
    captured_ns = sensor_ns + now_ns - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return captured_ns if 0 <= now_ns - captured_ns < PLAUSIBLE_AGE_NS else now_ns


def take_shot(camera: Any, picture: NDArray[np.uint8]) -> str:
    """Wait for the next frame and write it into `picture` (H, W, 3); the answer to `next`."""
    request = camera.capture_request()
    try:
        captured_ns = monotonic_of(request.get_metadata().get("SensorTimestamp"))
        planes = request.make_array("lores")
    finally:
        request.release()
    height, width = picture.shape[:2]
    # (H * 3 / 2, stride): the rows of Y, U and V are padded to the stride.
    if np.ndim(planes) != 2 or planes.shape[0] != height * 3 // 2 or planes.shape[1] < width:
        return f"bad the camera gave an array of shape {np.shape(planes)}, wanted YUV420 of {width}x{height}"
    if planes.shape[1] == width:
        cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420, dst=picture)
    else:
        picture[:] = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)[:, :width]
    return f"shot {captured_ns}"


def main(arguments: list[str]) -> None:
    """Open the camera, then answer until the parent goes away."""
    parent = Parent(arguments)
    number, width, height, fps = parent.arguments
    try:
        camera = open_picamera2(int(number), (int(width), int(height)), float(fps) or None)
    except ImportError as error:
        parent.send(f"error no picamera2 ({error}): {REMEDY}")
        return
    except ValueError as error:
        parent.send(f"error picamera2 does not load ({error}): a numpy from pip hides apt's; {REMEDY}")
        return
    except (RuntimeError, IndexError, OSError) as error:
        parent.send(
            f"error camera {number} does not open ({error}); `rpicam-hello --list-cameras` lists them"
        )
        return
    # The camera may give another size than it was asked for: the nearest that it has.
    width_got, height_got = camera.camera_configuration()["lores"]["size"]
    picture = np.frombuffer(parent.share(width_got * height_got * 3), np.uint8)
    picture = picture.reshape(height_got, width_got, 3)
    parent.send(f"opened {width_got} {height_got}")
    while parent.receive():
        parent.send(take_shot(camera, picture))


if __name__ == "__main__":
    main(sys.argv[1:])
