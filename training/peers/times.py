"""How long each stage of each peer takes, all peers taking turns on one thread."""

from collections.abc import Callable

import numpy as np

from device.checks.bench.peer import find_peer_python
from device.checks.bench.video import measure_video
from device.checks.timing import Block, blocks_in_turns, timed
from device.contract.geometry import Box, Image
from training.peers.line_up import LineUp
from training.peers.media_pipe import FaceMeshSearcher
from training.peers.own import MODELS
from training.peers.peer import FIND, SEARCH, STAGES, Peer

FOLLOWED = "followed frame"
"""A frame of a film with a face that is known, capture to result. Ours: to the encoded message."""
COLUMNS = (*STAGES, FOLLOWED)

Times = dict[str, dict[str, float]]
"""Median milliseconds, by peer and stage; a stage that a peer lacks is left out."""


def _blocks(peer: Peer, image: Image, box: Box) -> dict[str, Block]:
    """What can be timed of one peer, by stage."""
    calls: dict[str, Callable[[], object]] = {}
    blocks: dict[str, Block] = {}
    if peer.looker is not None:
        calls |= peer.looker.calls(image, box)
    if isinstance(peer.searcher, FaceMeshSearcher):
        blocks[SEARCH] = _own_time(peer.searcher, image)
    elif peer.searcher is not None:
        searcher = peer.searcher
        calls |= {FIND: lambda: searcher.find(image), SEARCH: lambda: searcher.faces(image)}
    return {name: timed(call) for name, call in calls.items()} | blocks


def _own_time(searcher: FaceMeshSearcher, image: Image) -> Block:
    """Its process takes the time, without the way to it."""

    def run(count: int) -> list[float]:
        searcher.mesh.landmarks([image] * count)
        return searcher.mesh.spent_ms

    return run


def measure_times(peers: LineUp, image: Image, box: Box, rounds: int) -> Times:
    """Every stage of every peer."""
    blocks = {
        (peer.name, stage): block
        for peer in peers.peers
        for stage, block in _blocks(peer, image, box).items()
    }
    spent = blocks_in_turns(blocks, rounds)
    times: Times = {peer.name: {} for peer in peers.peers}
    for (name, stage), values in spent.items():
        times[name][stage] = float(np.median(values))
    return times


def measure_followed(rounds: int) -> Times:
    """A followed frame of each of our models, each in turns with FaceMesh's video mode where that is there.

    Raises:
        BadInputError: a model is damaged.
    """
    times: Times = {}
    for name in MODELS:
        spent = measure_video(name, 1, find_peer_python(), rounds)
        times[f"landmarks {name}"] = {FOLLOWED: spent["tracked frame, capture to message"]["p50"]}
        if "mediapipe video mode" in spent:
            times["MediaPipe FaceMesh"] = {FOLLOWED: spent["mediapipe video mode"]["p50"]}
    return times
