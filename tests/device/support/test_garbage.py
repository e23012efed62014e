"""What is there when a program has started is never searched for garbage."""

import gc

from device.support.garbage import without_garbage_search


def test_no_search_meanwhile_and_none_later_among_what_was_there() -> None:
    try:
        with without_garbage_search():
            assert not gc.isenabled()
            kept = [[]]
        assert gc.isenabled()
        assert not any(each is kept for each in gc.get_objects())
        later = [[]]
        assert any(each is later for each in gc.get_objects())
    finally:
        gc.unfreeze()
