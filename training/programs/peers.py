"""`peers`: the shipped models beside other programs, measured alike, as a page with plots."""

import argparse
from dataclasses import replace

import cv2

from training.peers.line_up import Given, line_up
from training.peers.measure import measure
from training.peers.options import FULL, QUICK, Options, sections_of
from training.peers.page import PAGE, write_page


def options_of(arguments: argparse.Namespace) -> Options:
    """The command line.

    Raises:
        UsageError: an unknown section.
    """
    given = Given(arguments.openseeface, arguments.pfld, arguments.yunet, arguments.dlib)
    effort = QUICK if arguments.quick else FULL
    if arguments.faces is not None:
        effort = replace(effort, faces=arguments.faces, sitters=min(effort.sitters, arguments.faces))
    sections = sections_of(arguments.sections)
    return Options(given, sections, arguments.dataset, arguments.list, effort)


def peers(arguments: argparse.Namespace) -> None:
    """Measure what was asked for, section by section, and write the page after each.

    Raises:
        LandmarksError: as peers, data set and page say.
    """
    options, page = options_of(arguments), arguments.page or PAGE
    # Every peer has one thread; OpenCV would take all.
    cv2.setNumThreads(1)
    with line_up(options.given) as line:
        for sentence in line.missing:
            print(f"not measured: {sentence}")
        for _ in measure(options, line, page, arguments.runs / "peers"):
            write_page(page)
    print(page)
