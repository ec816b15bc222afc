"""IdRanges against Python's own sets."""

from hypothesis import given
from hypothesis import strategies as st

from journal.id_ranges import IdRanges

IDS = st.frozensets(st.integers(1, 40))


def made(ids: frozenset[int]) -> IdRanges:
    return IdRanges.of_ids(ids)


def members(ranges: IdRanges) -> set[int]:
    return {each for first, last in ranges for each in range(first, last + 1)}


def is_normal(ranges: IdRanges) -> bool:
    """Ascending, disjoint, never touching, none empty."""
    ends = [end for each in ranges for end in each]
    gaps = [after[0] - before[1] for before, after in zip(ranges.ranges, ranges.ranges[1:], strict=False)]
    return ends == sorted(ends) and all(gap > 1 for gap in gaps)


@given(IDS, IDS)
def test_union_difference_and_intersection_are_those_of_sets(a: frozenset[int], b: frozenset[int]) -> None:
    for result, expected in ((made(a) | made(b), a | b), (made(a) - made(b), a - b), (made(a) & made(b), a & b)):
        assert members(result) == expected
        assert is_normal(result)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_ranges_in_any_order_overlapping_or_empty_become_normal(ranges: list[tuple[int, int]]) -> None:
    result = IdRanges.of(ranges)
    assert is_normal(result)
    assert members(result) == {each for first, last in ranges for each in range(first, last + 1)}


@given(IDS, st.integers(0, 41))
def test_a_part_of_so_many_ids_is_the_lowest(ids: frozenset[int], middle: int) -> None:
    ranges = made(ids)
    assert members(ranges.lowest(middle)) == set(sorted(ids)[:middle])
    assert [each for each in range(60) if each in ranges] == [each for each in sorted(ids) if each < 60]


@given(IDS, st.integers(1, 40))
def test_count_ends_and_membership_agree_with_the_set(ids: frozenset[int], one: int) -> None:
    ranges = made(ids)
    assert (ranges.count, ranges.first, ranges.last) == (len(ids), min(ids, default=0), max(ids, default=0))
    assert (one in ranges) == (one in ids)
    assert bool(ranges) == bool(ids)


def test_ten_million_ids_are_one_range() -> None:
    assert IdRanges.of([(1, 5_000_000), (5_000_001, 10_000_000)]).ranges == ((1, 10_000_000),)
