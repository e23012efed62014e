"""How many devices one mosquitto carries: `python -m tests.benchmarks.fleet [--page docs/fleet.md]`.

Each device is a connection that publishes a recorded frame 30 times a second; one reader takes all of them.
The number of devices rises until the knee: less than 99 % of the frames arrive, or one in twenty is older
than 100 ms. The broker's share of a core and its memory are its own, whatever else runs; ages are not.
"""

import argparse
import gzip
import os
import platform
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from device.contract.errors import MissingOutsideError, run_program
from device.contract.exit_codes import ExitCode
from device.contract.files import write_whole_bytes
from tests.broker import MOSQUITTO, Broker

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "device" / "web" / "client" / "samples" / "demo-small.jsonl.gz"
FPS = 30
DEVICES = (10, 30, 100, 200, 300, 400, 500, 700, 1000, 1400, 2000, 2800, 4000, 5600, 8000)
LEAST_ARRIVED, MOST_MS = 0.99, 100.0
"""Beyond the knee: fewer frames arrive, or one in twenty takes longer."""
FULL_CORE = 0.9
"""Share of a core from which on the broker itself, which has one thread, is what is short."""

# What `published_ns` is replaced by: as many characters, whatever the time.
_TIME = re.compile(rb'"published_ns":\d+')
_DIGITS = 19


def sample_frame() -> bytes:
    """A recorded frame with one face, with room for the time of its publication."""
    lines = gzip.decompress(SAMPLE.read_bytes()).splitlines()
    line = next(line for line in lines if b'"landmarks":[[' in line)
    return _TIME.sub(b'"published_ns":' + b" " * _DIGITS, line)


def packet(kind: int, body: bytes) -> bytes:
    """An MQTT control packet: its type, the length in groups of seven bits, its body."""
    length, groups = len(body), bytearray()
    while True:
        length, group = divmod(length, 128)
        groups.append(group | (128 if length else 0))
        if not length:
            return bytes([kind]) + bytes(groups) + body


def text(words: str) -> bytes:
    """A string as MQTT has it: its length, then UTF-8."""
    return len(words).to_bytes(2, "big") + words.encode()


def connect(port: int, name: str) -> socket.socket:
    """A connection to the broker that is never asked for a sign of life (MQTT 3.1.1)."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(name)))
    if client.recv(4) != b"\x20\x02\x00\x00":
        raise MissingOutsideError("the broker refused a connection; see its log")
    return client


@dataclass
class Publishers:
    """So many devices, in a process of their own."""

    port: int
    count: int

    def start(self) -> int:
        """Connect, then publish until SIGTERM; the process id."""
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            self._publish(told)
        os.close(told)
        os.read(ready, 1)
        os.close(ready)
        return child

    def _publish(self, told: int) -> None:
        frame = sample_frame()
        before, _, after = frame.partition(b" " * _DIGITS)
        clients = [connect(self.port, f"device-{number}") for number in range(self.count)]
        topics = [text(f"landmarks/device-{number}/frames") for number in range(self.count)]
        os.write(told, b".")
        due, step = time.monotonic(), 1 / (FPS * self.count)
        while True:
            for client, topic in zip(clients, topics, strict=True):
                due += step
                early = due - time.monotonic()
                if early > 0:
                    time.sleep(early)
                stamp = f"{time.monotonic_ns():>{_DIGITS}}".encode()
                client.sendall(packet(0x30, topic + before + stamp + after))


@dataclass
class Reader:
    """Takes every frame of every device, and notes how old it is."""

    port: int
    ages_ms: list[float] = field(default_factory=list)
    _going: bool = True

    def start(self) -> None:
        """Subscribe, and read in a thread."""
        self._client = connect(self.port, "reader")
        self._client.sendall(packet(0x82, b"\x00\x01" + text("landmarks/+/frames") + b"\x00"))
        self._client.recv(5)
        self._client.settimeout(0.2)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._going = False
        self._thread.join()
        self._client.close()

    def _read(self) -> None:
        waiting = b""
        while self._going:
            try:
                waiting += self._client.recv(1 << 20)
            except TimeoutError:
                continue
            now, used = time.monotonic_ns(), 0
            for start, end in packets(waiting):
                stamp = waiting.index(b'"published_ns":', start, end) + 15
                self.ages_ms.append((now - int(waiting[stamp : stamp + _DIGITS])) / 1e6)
                used = end
            waiting = waiting[used:]


def packets(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the body of each whole packet begins and ends."""
    at = 0
    while at + 1 < len(data):
        length, shift, place = 0, 0, at + 1
        while place < len(data):
            length |= (data[place] & 127) << shift
            shift, place = shift + 7, place + 1
            if data[place - 1] < 128:
                break
        else:
            return
        if place + length > len(data):
            return
        yield place, place + length
        at = place + length


@dataclass(frozen=True)
class Load:
    """What one number of devices came to."""

    devices: int
    arrived: float
    """Share of the frames that were due."""
    median_ms: float
    p95_ms: float
    """Age on arrival."""
    core: float
    """Share of one core that the broker took."""
    megabytes: float
    """Resident memory of the broker, 10^6 bytes."""

    @property
    def beyond_knee(self) -> bool:
        """Whether the broker, or this machine, does not carry it any more."""
        return self.arrived < LEAST_ARRIVED or self.p95_ms > MOST_MS

    def row(self) -> str:
        """Of the page's table."""
        full = "the broker is" if self.core > FULL_CORE else "the rest of this machine is"
        verdict = f"beyond the knee: {full} busy" if self.beyond_knee else "carried"
        return (
            f"| {self.devices} | {self.devices * FPS:,} | {100 * self.arrived:.1f} | {self.median_ms:.1f} "
            f"| {self.p95_ms:.1f} | {100 * self.core:.0f} | {self.megabytes:.0f} | {verdict} |"
        )


def processor_seconds(process: int) -> float:
    """That a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(process: int) -> float:
    """Memory of a process, 10^6 bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(devices: int, seconds: float) -> Load:
    """Let so many devices publish to a fresh broker, and look at what arrives."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder), "allow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0")
        broker.start()
        reader = Reader(broker.port)
        reader.start()
        child = Publishers(broker.port, devices).start()
        try:
            time.sleep(1)
            first, used, begun = len(reader.ages_ms), processor_seconds(broker.process_id), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - begun
            ages = np.array(reader.ages_ms[first:] or [np.inf])
            core = (processor_seconds(broker.process_id) - used) / took
            megabytes = resident_megabytes(broker.process_id)
        finally:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
            reader.stop()
            broker.stop()
    median, p95 = np.percentile(ages, (50, 95))
    return Load(devices, len(ages) / (devices * FPS * took), float(median), float(p95), core, megabytes)


def table(loads: Sequence[Load]) -> str:
    """The measured loads with what they were measured on."""
    said = subprocess.run([str(MOSQUITTO), "-h"], capture_output=True, text=True, check=False).stdout
    broker = said.splitlines()[0].replace(" version", "")
    cost = sum(load.core for load in loads) / sum(load.arrived * load.devices * FPS for load in loads)
    measured = (
        f"{broker}, {os.cpu_count()} threads of {processor()}, load average {os.getloadavg()[0]:.1f}, "
        f"{datetime.now(UTC):%Y-%m-%d}; {FPS} frames a second of {len(sample_frame()):,} bytes from each "
        f"device, all read by one reader. The broker took {1e6 * cost:.0f} µs of a core for each frame: at "
        f"that price a whole core carries some {round(1 / (cost * FPS), -2):,.0f} such devices."
    )
    columns = "devices", "frames a second", "arrived %", "age ms, median", "95th percentile"
    head = " | ".join((*columns, "broker, % of a core", "broker, MB", "verdict"))
    return "\n".join(
        [measured, "", f"| {head} |", f"|{' ---: |' * 7} --- |", *(load.row() for load in loads)]
    )


def processor() -> str:
    """Name of the processor."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def with_table(page: str, rows: str) -> str:
    """A page with the table between its marks."""
    marks = re.compile(r"(?<=<!-- fleet load -->\n).*?(?=<!-- end -->)", re.DOTALL)
    return marks.sub(lambda _: f"{rows}\n", page)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure up to the knee, print, and write the page if one is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fleet", description=__doc__)
    parser.add_argument("--page", type=Path, help="page whose table is to be written")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each row (default: 5)")
    options = parser.parse_args(arguments)
    if MOSQUITTO is None:
        raise MissingOutsideError("mosquitto is missing: apt-get install mosquitto")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loads: list[Load] = []
    for devices in DEVICES:
        loads.append(measure(devices, options.seconds))
        print(loads[-1].row(), flush=True)
        if loads[-1].beyond_knee:
            break
    if options.page is not None:
        page = with_table(options.page.read_text(), table(loads))
        write_whole_bytes(options.page, page.encode())
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))
