"""When a byte is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.line.voting import MOST_NEEDED, LineQuality, Vote


def believed(reads, known=None, **options):
    """The value believed and after how many of the reads, (None, how many) when it never comes to that."""
    vote = Vote(known, **({"needed": 2} | options))
    for count, value in enumerate(reads, 1):
        result = vote.add(value)
        if result is not None:
            return result, count
        if vote.is_hopeless:
            return None, count
    return None, len(reads)


@pytest.mark.parametrize(
    ("reads", "known", "result"),
    [
        ([7], 7, (7, 1)),
        ([8, 8], 7, (8, 2)),
        ([8, 8], None, (8, 2)),
        ([8, 7], 7, (7, 2)),
        ([8, 9, 8, 8], 7, (8, 4)),
        ([1, 2, 1, 2, 1, 2], 7, (None, 5)),
    ],
    ids=["as it was", "new, twice", "first, twice", "a glitch", "a glitch between", "no agreement"],
)
def test_on_a_clean_line_a_new_value_must_come_twice_in_a_row(reads, known, result):
    assert believed(reads, known) == result


def test_on_a_noisy_line_more_reads_must_agree():
    assert believed([8] * 9, known=7, needed=4) == (8, 4)
    assert believed([7] * 9, known=7, needed=4) == (7, 3)


def test_a_change_of_what_scales_the_rest_can_ask_for_more_without_delaying_what_did_not_change():
    assert believed([8] * 9, known=7, needed=3, weight=2) == (8, 3)
    assert believed([7] * 9, known=7, needed=3, weight=2) == (7, 1)


@pytest.mark.parametrize(
    ("reads", "result"),
    [
        ([50, 52, 51], (51, 3)),
        ([50, 60, 52, 51, 53], (52, 5)),
        ([50, 60, 70, 80, 90], (None, 5)),
        ([51, 51, 90], (51, 2)),
    ],
    ids=["close together", "close in the end", "all over the place", "exactly the same is enough"],
)
def test_what_never_stands_still_is_the_median_of_three_close_reads(reads, result):
    assert believed(reads, tolerance=5) == result


def test_flags_that_never_agree_exactly_are_believed_when_the_bits_that_mean_something_do():
    assert believed([0b100_10, 0b010_10, 0b001_10, 0b110_10, 0b011_10], meaning=0b11) == (0b011_10, 5)
    assert believed([0b100_01, 0b010_10, 0b001_10, 0b110_10, 0b011_10], meaning=0b11) == (0b011_10, 5)
    assert believed([0b100_10, 0b010_10, 0b001_10, 0b110_01, 0b011_10], meaning=0b11) == (None, 5)
    assert believed([0b100_10, 0b010_10, 0b010_10], meaning=0b11) == (0b010_10, 3)


@given(st.lists(st.integers(0, 255)), st.integers(0, 255), st.integers(2, MOST_NEEDED))
def test_a_value_is_never_believed_that_was_not_read_as_often_as_needed(reads, known, needed):
    value, count = believed(reads, known, needed=needed)
    if value is not None:
        assert reads[:count].count(value) >= needed - (value == known)


def test_damage_on_the_line_raises_what_is_needed_and_silence_lowers_it():
    line = LineQuality()
    assert line.needed == 3
    for _ in range(100):
        line.note(is_damaged=False)
    assert line.needed == 2
    for nth in range(100):
        line.note(is_damaged=nth % 4 == 0)
    assert line.needed == MOST_NEEDED
    for _ in range(400):
        line.note(is_damaged=False)
    assert line.needed == 2
