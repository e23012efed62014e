"""A peer in a process of its own, for `start.py`: opened, shown one picture, then kept alive to be weighed.

    python -m training.peers.newborn PICTURE BOX KIND FILE...

Prints a line when the first landmarks are there, and ends when stdin does. Imports what its peer needs, and
no more: the other peers' libraries would be weighed with it.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

OPENERS = {
    "own": "own.own_peer",
    "mesh": "media_pipe.mesh_peer",
    "openseeface": "openseeface.openseeface_peer",
    "pfld": "pfld.pfld_peer",
    "yunet": "yunet.yunet_peer",
    "dlib": "dlib_shape.dlib_peer",
}
"""`module.function` of this room, by kind."""


def main(picture: str, box: str, kind: str, *files: str) -> None:
    """Open the peer, and find the face of a picture."""
    import cv2

    from device.contract.geometry import Box

    cv2.setNumThreads(1)
    image = cv2.imread(picture)
    module, function = OPENERS[kind].split(".")
    opener = getattr(import_module(f"training.peers.{module}"), function)
    peer = opener(*(files if kind == "own" else map(Path, files)))
    if peer.searcher is not None:
        assert peer.searcher.faces(image)
    else:
        peer.looker.look(image, Box(*json.loads(box)))
    print(flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
