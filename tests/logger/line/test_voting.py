"""When a byte is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.line.voting import MOST_READS, believed


def after(reads, last=None, **options):
    """The value believed and after how many of the reads; None when it never comes to that."""
    for count in range(1, min(len(reads), MOST_READS) + 1):
        value = believed(reads[:count], last, **options)
        if value is not None:
            return value, count
    return None


@pytest.mark.parametrize(
    ("reads", "last", "result"),
    [
        ([7, 7], 7, (7, 2)),
        ([8, 8], 7, (8, 2)),
        ([8, 8], None, (8, 2)),
        ([0, 0, 0], 7, (0, 3)),
        ([8, 7, 7], 7, (7, 3)),
        ([8, 99, 8, 8], 7, (8, 4)),
        ([1, 20, 1, 20, 1, 1], 7, None),
    ],
    ids=[
        "as it was",
        "near, twice",
        "first, twice",
        "far, three times",
        "a glitch",
        "a glitch between",
        "no agreement",
    ],
)
def test_a_value_must_come_twice_in_a_row_and_three_times_if_it_is_far_from_the_last(reads, last, result):
    assert after(reads, last, tolerance=1) == result


def test_what_has_long_been_the_same_is_believed_at_once():
    assert after([7], 7, is_steady=True) == (7, 1)
    assert after([8, 8, 8], 7, is_steady=True) == (8, 3)


@pytest.mark.parametrize(
    ("reads", "result"),
    [
        ([50, 52, 51], (51, 3)),
        ([50, 60, 52, 51, 53], (52, 5)),
        ([50, 60, 70, 80, 90], None),
        ([51, 51, 90], (51, 2)),
    ],
    ids=["close together", "close in the end", "all over the place", "exactly the same is enough"],
)
def test_what_never_stands_still_is_the_median_of_three_close_reads(reads, result):
    assert after(reads, tolerance=5) == result


def test_the_last_value_is_no_read_that_a_median_could_be_taken_of():
    assert after([50, 52], 51, tolerance=5) is None


def test_flags_that_never_agree_exactly_are_believed_when_the_bits_that_mean_something_do():
    assert after([0b100_10, 0b010_10, 0b001_10, 0b110_10, 0b011_10], meaning=0b11) == (0b011_10, 5)
    assert after([0b100_01, 0b010_10, 0b001_10, 0b110_10, 0b011_10], meaning=0b11) == (0b011_10, 5)
    assert after([0b100_10, 0b010_10, 0b001_10, 0b110_01, 0b011_10], meaning=0b11) is None
    assert after([0b100_10, 0b010_10, 0b010_10], meaning=0b11) == (0b010_10, 3)


@given(st.lists(st.integers(0, 255), max_size=MOST_READS), st.none() | st.integers(0, 255), st.booleans())
def test_a_value_is_never_believed_that_was_not_read_twice_unless_it_has_long_been_so(reads, last, is_steady):
    found = after(reads, last, is_steady=is_steady)
    if found:
        value, count = found
        assert reads[:count].count(value) >= 2 - (is_steady and value == last)
