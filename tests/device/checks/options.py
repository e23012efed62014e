"""Options of a check, as the command line gives them."""

from device.__main__ import make_parser


def options(*words):
    return make_parser().parse_args(list(words))
