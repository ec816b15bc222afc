from datetime import date, timedelta

from admin.upkeep.rotation import name_for, superfluous


def test_after_two_years_of_weeks_four_weekly_and_twelve_monthly_ones_are_left() -> None:
    there: list[str] = []
    first = date(2026, 1, 4)
    for week in range(104):
        there.append(name_for(first + timedelta(weeks=week)))
        for name in superfluous(there):
            there.remove(name)
    assert there == [
        *(name_for(date(2027, month, day)) for month, day in [(1, 3), (2, 7), (3, 7), (4, 4), (5, 2), (6, 6)]),
        *(name_for(date(2027, month, day)) for month, day in [(7, 4), (8, 1), (9, 5), (10, 3), (11, 7), (12, 5)]),
        *(name_for(date(2027, 12, day)) for day in (12, 19, 26)),
    ]


def test_what_is_no_backup_stays() -> None:
    assert superfluous(["holiday.jpg", "solar-2026-13-45.db", "solar-2026-01-05.db.old", "solar-2026-01-05.db"]) == []
