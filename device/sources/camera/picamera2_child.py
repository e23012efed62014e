"""The process that holds the Pi's camera: picamera2 is loaded here and nowhere else.

picamera2 can block for ever, even in its `stop`; a process can always be killed, and its end frees the
camera. Messages: `opened WIDTH HEIGHT` or `error REASON` first, then for each `next` a `shot CAPTURED_NS`
or `bad REASON`, the picture (H, W, 3) uint8 blue green red in the shared memory.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from operator import ge, itemgetter
from typing import Any, NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray

from device.support.child import Parent

PLAUSIBLE_AGE_NS = 1_000_000_000
"""A sensor's time stamp older than this is of another clock."""

BUFFERS = 4
"""Frames in the camera's own ring."""

REMEDY = "sudo apt install python3-picamera2, and make the environment with --system-site-packages"


def choose_mode(
    modes: Sequence[Mapping[str, Any]], size_wh: tuple[int, int], fps: float, mode_wh: tuple[int, int]
) -> Mapping[str, Any] | None:
    """The sensor mode to use, of Picamera2's `sensor_modes`; None if it has none.

    Left to itself libcamera takes the mode of the nearest size, and small modes see only the middle of the
    picture. So: the whole field of view, then the wanted rate, then the fewest pixels that are enough.

    Args:
        modes: with `size`, `fps` and `crop_limits` (x, y, width, height on the sensor).
        size_wh: of the frames.
        fps: wanted; 0 for any.
        mode_wh: of the mode that the user wants; (0, 0) for any.

    Raises:
        LookupError: there is no mode of that size.
    """
    if mode_wh != (0, 0):
        modes = [mode for mode in modes if tuple(mode["size"]) == mode_wh] or _no_mode(modes, mode_wh)
    if not modes:
        return None
    seen = [mode["crop_limits"][2] * mode["crop_limits"][3] for mode in modes]
    # Modes of the whole field differ by a few rows.
    whole = [mode for mode, area in zip(modes, seen, strict=True) if area >= 0.98 * max(seen)]
    enough = [mode for mode in whole if all(map(ge, mode["size"], size_wh))] or whole
    fast = [mode for mode in enough if mode["fps"] >= 0.99 * fps]
    return min(fast, key=_pixels) if fast else max(enough, key=itemgetter("fps"))


def _pixels(mode: Mapping[str, Any]) -> int:
    width, height = mode["size"]
    return int(width * height)


def _no_mode(modes: Sequence[Mapping[str, Any]], mode_wh: tuple[int, int]) -> NoReturn:
    sizes = ", ".join("{}x{}".format(*mode["size"]) for mode in modes) or "none"
    raise LookupError(f"no sensor mode {mode_wh[0]}x{mode_wh[1]}, it has: {sizes}")


def open_picamera2(
    number: int, size_wh: tuple[int, int], fps: float | None, mode_wh: tuple[int, int] = (0, 0)
) -> Any:
    """A started Picamera2 whose `lores` stream is YUV420 of about that size.

    Raises:
        ImportError, ValueError: picamera2 is not there, or was built against another numpy.
        RuntimeError, LookupError: libcamera has no such camera or mode, or another program holds it.
    """
    from picamera2 import Picamera2

    camera = Picamera2(number)
    stream = {"size": size_wh, "format": "YUV420"}
    controls = {} if fps is None else {"FrameRate": fps}
    mode = choose_mode(camera.sensor_modes, size_wh, fps or 0.0, mode_wh)
    sensor = {} if mode is None else {"sensor": {"output_size": mode["size"], "bit_depth": mode["bit_depth"]}}
    configuration = camera.create_video_configuration(
        main=dict(stream), lores=dict(stream), controls=controls, buffer_count=BUFFERS, **sensor
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


def capture_frame(camera: Any, picture: NDArray[np.uint8]) -> str:
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
    number, width, height, fps, *mode = parent.arguments
    try:
        mode_wh = (int(mode[0]), int(mode[1]))
        camera = open_picamera2(int(number), (int(width), int(height)), float(fps) or None, mode_wh)
    except ImportError as error:
        parent.send(f"error no picamera2 ({error}): {REMEDY}")
        return
    except ValueError as error:
        parent.send(f"error picamera2 does not load ({error}): a numpy from pip hides apt's; {REMEDY}")
        return
    except (RuntimeError, LookupError, OSError) as error:
        parent.send(
            f"error camera {number} does not open ({error}); `rpicam-hello --list-cameras` lists them"
        )
        return
    # The camera may give another size than the wanted one: the nearest that it has.
    width_got, height_got = camera.camera_configuration()["lores"]["size"]
    picture = np.frombuffer(parent.share(width_got * height_got * 3), np.uint8)
    picture = picture.reshape(height_got, width_got, 3)
    parent.send(f"opened {width_got} {height_got}")
    while parent.receive():
        parent.send(capture_frame(camera, picture))


if __name__ == "__main__":
    main(sys.argv[1:])
