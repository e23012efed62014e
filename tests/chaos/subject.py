"""The daemon under test: a process, what it says on its stdout, what memory it holds."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("camera", "inference", "broker")


@dataclass(frozen=True)
class Received:
    """What the checks need of one message."""

    kind: str
    at: float
    """Monotonic seconds of its arrival here."""
    captured: float = 0.0
    """Monotonic seconds of the frame's capture."""
    latency_ms: float = 0.0
    """Capture to publishing."""
    faces: int = 0
    states: dict[str, str] = field(default_factory=dict)
    """Of every part, for a status."""


def received_from(line: bytes, at: float) -> Received:
    message = json.loads(line)
    captured_ns, published_ns = message.get("captured_ns", 0), message.get("published_ns", 0)
    return Received(
        kind=message["type"],
        at=at,
        captured=captured_ns / 1e9,
        latency_ms=(published_ns - captured_ns) / 1e6,
        faces=len(message.get("faces", ())),
        states={part: message[part]["state"] for part in PARTS} if message["type"] == "status" else {},
    )


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Subject:
    """`python -m device run` with these flags, and a thread that listens to it."""

    def __init__(self, flags: list[str], log: Path) -> None:
        self.received: list[Received] = []
        self.memory: list[tuple[float, float]] = []
        """(monotonic seconds, resident 10^6 bytes), one a second."""
        self._log = log
        self._news = threading.Condition()
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "device", "run", "--sink", "stdout:", *flags],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._weigh)]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            with self._news:
                self.received.append(received_from(line, time.monotonic()))
                self._news.notify_all()

    def _weigh(self) -> None:
        while self.alive:
            try:
                self.memory.append((time.monotonic(), resident_mb(self.process.pid)))
            except OSError:
                return
            time.sleep(1)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_for(self, wanted: Callable[[Received], bool], since: float, seconds: float) -> Received | None:
        """The first `wanted` message that arrived after `since`; None if none comes for so many seconds."""
        until = time.monotonic() + seconds
        place = self._index_after(since)
        with self._news:
            while True:
                while place < len(self.received):
                    message, place = self.received[place], place + 1
                    if wanted(message):
                        return message
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)

    def _index_after(self, since: float) -> int:
        place = len(self.received)
        while place and self.received[place - 1].at >= since:
            place -= 1
        return place

    def stop(self) -> tuple[int | None, str]:
        """End it as systemd would: its exit code (None: it had to be killed) and what it had on stderr."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code: int | None = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        for thread in self._threads:
            thread.join(5)
        return code, self._log.read_text(errors="replace")
