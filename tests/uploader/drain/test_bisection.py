"""Bisection, played against a server that refuses a known set of items."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploader.drain.bisection import Bisection
from uploader.progress.item import Item


def items(count: int) -> list[Item]:
    return [Item("readings", n, n, "") for n in range(1, count + 1)]


def play(count: int, refuses: Callable[[int], bool], *, is_hunt: bool = False) -> tuple[list[int], list[int], int]:
    """The ids accepted, the ids condemned, and how many requests that took, the first refusal included."""
    bisection = Bisection(items(count), is_hunt=is_hunt)
    accepted: list[int] = []
    condemned: list[int] = []
    requests = 0
    while bisection.items:
        requests += 1
        is_bad = any(refuses(item.id) for item in bisection.items)
        ruling = bisection.refused() if is_bad else bisection.accepted()
        accepted += [item.id for item in ruling.accepted]
        condemned += [item.id for item in ruling.condemned]
    return accepted, condemned, requests


@pytest.mark.parametrize("bad", [1, 2, 2499, 2500, 2501, 4999, 5000])
def test_one_bad_item_among_5000_takes_at_most_17_requests(bad: int) -> None:
    accepted, condemned, requests = play(5000, lambda each: each == bad)
    assert condemned == [bad]
    assert sorted(accepted) == [each for each in range(1, 5001) if each != bad]
    assert requests <= 17


@given(st.integers(1, 300), st.frozensets(st.integers(1, 300)))
def test_exactly_the_bad_ones_are_condemned(count: int, bad: frozenset[int]) -> None:
    accepted, condemned, _ = play(count, lambda each: each in bad)
    assert sorted(condemned) == sorted(each for each in bad if each <= count)
    assert sorted(accepted) == [each for each in range(1, count + 1) if each not in bad]


def test_all_bad_takes_no_more_than_four_requests_each() -> None:
    _, condemned, requests = play(512, lambda each: True)
    assert len(condemned) == 512
    assert requests <= 4 * 512


def test_a_whole_batch_that_the_server_says_it_refused_is_condemned_in_two_requests() -> None:
    bisection = Bisection(items(5000))
    assert bisection.refused(is_whole=True).condemned == ()
    assert len(bisection.refused(is_whole=True).condemned) == 5000
    assert not bisection.items


def test_an_item_refused_once_by_mistake_is_accepted() -> None:
    bisection = Bisection(items(1))
    assert bisection.refused().condemned == ()
    assert [item.id for item in bisection.accepted().accepted] == [1]


@given(st.integers(2, 300), st.data())
def test_a_hunt_finds_the_one_trigger(count: int, data: st.DataObject) -> None:
    trigger = data.draw(st.integers(1, count))
    accepted, condemned, _ = play(count, lambda each: each == trigger, is_hunt=True)
    assert condemned == [trigger]
    assert sorted(accepted) == [each for each in range(1, count + 1) if each != trigger]


@given(st.integers(1, 300))
def test_a_hunt_condemns_nothing_while_the_server_takes_nothing(count: int) -> None:
    accepted, condemned, requests = play(count, lambda each: True, is_hunt=True)
    assert (accepted, condemned) == ([], [])
    assert requests <= 30
