"""BatchSize on links that take what they take."""

from hypothesis import given
from hypothesis import strategies as st

from uploader.progress.batch_size import FIRST, LARGEST, SMALLEST, BatchSize


def test_on_a_good_link_it_doubles_up_to_the_largest() -> None:
    size = BatchSize()
    seen = []
    for _ in range(8):
        seen.append(size.size)
        size = size.sent(size.size, 0.2)
    assert seen == [FIRST, 200, 400, 800, 1600, 3200, LARGEST, LARGEST]


def test_a_batch_that_was_not_full_says_nothing_about_larger_ones() -> None:
    assert BatchSize(400).sent(6, 0.1).size == 400


def test_it_does_not_grow_when_the_doubled_one_would_take_too_long() -> None:
    assert BatchSize(400).sent(400, 8.0).size == 400


def test_one_failure_changes_nothing_and_the_second_halves() -> None:
    once = BatchSize(1000).strained(1000)
    assert once.size == 1000
    assert once.strained(1000).size == 500
    assert once.strained(1000).strained(500).size == 250


def test_a_success_between_two_failures_keeps_the_size() -> None:
    assert BatchSize(1000).strained(1000).sent(10, 1.0).strained(1000).size == 1000


def test_too_large_halves_what_was_sent_at_once() -> None:
    assert BatchSize(1000).too_large(1000).size == 500
    assert BatchSize(5000).too_large(300).size == 150


def test_a_size_that_failed_is_tried_again_only_after_50_successes() -> None:
    size = BatchSize(1000).too_large(1000)
    for _ in range(49):
        size = size.sent(500, 0.1)
    assert size.size == 500
    assert size.sent(500, 0.1).size == 1000


@given(st.lists(st.sampled_from(["sent", "strained", "too large"]), max_size=300))
def test_it_stays_within_its_bounds(events: list[str]) -> None:
    size = BatchSize()
    for event in events:
        match event:
            case "sent":
                size = size.sent(size.size, 0.1)
            case "strained":
                size = size.strained(size.size)
            case _:
                size = size.too_large(size.size)
        assert SMALLEST <= size.size <= LARGEST


def test_at_2_kilobytes_a_second_cut_every_30_seconds_it_settles_at_what_gets_through() -> None:
    """34 bytes a reading, 600 a request. A request that takes longer than 30 s is cut; readings sent in an hour."""
    size, seconds, sent = BatchSize(LARGEST), 0.0, 0
    while seconds < 3600:
        takes = (600 + 34 * size.size) / 2000
        if takes < 30:
            sent += size.size
            size = size.sent(size.size, takes)
        else:
            size = size.strained(size.size)
        seconds += min(takes, 30)
    assert sent > 90_000
