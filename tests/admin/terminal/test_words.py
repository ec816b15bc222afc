import pytest

from admin.terminal.words import ago, count, duration, size


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (150, "2 minutes"),
        (3600, "1 hour"),
        (40 * 3600, "40 hours"),
        (3 * 86400, "3 days"),
        (400 * 86400, "400 days"),
        (1000 * 86400, "3 years"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_suits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_moment_may_be_just_now_or_still_to_come() -> None:
    assert [ago(0.5), ago(12), ago(-90)] == ["just now", "12 seconds ago", "2 minutes in the future"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (54_321, "54 kB"),
        (4_200_000, "4.2 MB"),
        (12_000_000_000, "12 GB"),
        (4e12, "4,000 GB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_suits(number: float, words: str) -> None:
    assert size(number) == words


def test_a_count_agrees_with_its_noun() -> None:
    assert [count(0, "day"), count(1, "day"), count(1234, "reading")] == ["0 days", "1 day", "1,234 readings"]
