"""What the machine has found, each in its shortest form: what is done to a site, and that all is well in the end."""

from collections.abc import Callable, Iterator

import pytest

from tests.delivery.machine import Delivery


@pytest.fixture
def life() -> Iterator[Delivery]:
    """A site whose clock is right, in front of an InfluxDB 2.7."""
    delivery = Delivery()
    try:
        yield delivery
    finally:
        delivery.close()


@pytest.fixture
def sent(life: Delivery) -> Delivery:
    """One reading is taken and sent."""
    life.know_time()
    life.append()
    life.settle()
    return life


def test_a_backup_put_back_after_a_rename_doubles_nothing(sent: Delivery) -> None:
    sent.back_up()
    sent.rename()
    sent.settle()
    sent.restore()
    sent.heal()


def test_a_rename_and_then_a_lost_uploader_db_double_nothing(sent: Delivery) -> None:
    sent.rename()
    sent.settle()
    sent.lose_uploader_db()
    sent.heal()


def test_a_journal_recovered_after_a_rename_doubles_nothing(sent: Delivery) -> None:
    sent.damage()
    sent.rename()
    sent.recover()
    sent.heal()


def test_readings_taken_before_a_rename_keep_their_site_though_none_was_sent_yet(life: Delivery) -> None:
    life.know_time()
    life.append()
    life.rename()
    life.heal()


def test_readings_taken_after_a_rename_have_the_new_site_though_the_uploader_was_late(sent: Delivery) -> None:
    sent.rename()
    sent.append()
    sent.heal()


def test_a_reading_revised_between_refusal_and_retry_arrives_with_its_new_values(life: Delivery) -> None:
    life.know_time()
    life.append(2)
    life.refuse(1)
    life.upload()
    life.rescale()
    life.redecode()
    life.wait()
    life.heal()


@pytest.mark.parametrize("looks", range(20))
def test_a_held_span_that_begins_while_the_uploader_looks_is_not_sent(life: Delivery, looks: int) -> None:
    life.know_time()
    life.append()
    life.upload(meanwhile=(looks, 1, ["doubt_time", "append"]))
    life.nothing_is_wrong()
    life.heal()


def test_the_newest_append_lost_by_a_lying_card_does_not_cost_the_next(sent: Delivery) -> None:
    sent.lying_card()
    sent.know_time()
    sent.append()
    sent.heal()


@pytest.mark.parametrize("fault", ["403 page", "reset"])
def test_what_a_proxy_has_against_one_reading_does_not_stop_the_others(life: Delivery, fault: str) -> None:
    life.know_time()
    life.append(3)
    life.poison(1, fault)
    life.settle()
    life.heal()


def test_two_readings_that_fail_each_in_its_own_way_do_not_hide_a_third(life: Delivery) -> None:
    life.know_time()
    life.append(3)
    life.poison(1, "400 plain")
    life.poison(3, "500")
    life.settle()
    life.heal()


@pytest.mark.parametrize("fault", ["400 plain", "400 empty", "401", "403", "403 page", "422 page", "413 page"])
def test_what_is_not_about_a_reading_condemns_none(life: Delivery, fault: str) -> None:
    life.know_time()
    life.append(3)
    life.upload(20, [fault] * 20)
    life.heal()


def test_recovering_twice_after_dating_doubles_nothing(life: Delivery) -> None:
    life.append()
    life.damage()
    life.recover()
    life.know_time()
    life.date()
    life.recover()
    life.heal()


def test_what_was_held_is_recovered_though_another_boot_showed_the_same_millisecond(life: Delivery) -> None:
    life.append()
    life.know_time()
    life.damage()
    life.power_cut()
    life.append()
    life.recover()
    life.know_time()
    life.heal()


def test_what_was_held_is_recovered_with_its_time_though_newer_ones_are_there(life: Delivery) -> None:
    life.append()
    life.damage()
    life.know_time()
    life.append()
    life.recover()
    life.heal()


@pytest.mark.parametrize("is_sure", [True, False], ids=["released", "held"])
def test_a_reading_taken_just_before_the_newest_is_recovered_with_its_time(life: Delivery, *, is_sure: bool) -> None:
    life.begin(generation="2.7", is_sure=is_sure, count=1)
    life.damage()
    life.append(apart_ms=700)
    life.recover()
    life.know_time()
    life.date()
    life.heal()


def test_what_is_recovered_is_decoded_with_the_scale_in_force(sent: Delivery) -> None:
    sent.redecode()
    sent.damage()
    sent.rescale()
    sent.append()
    sent.redecode()
    sent.recover()
    sent.heal()


@pytest.mark.parametrize("writes", range(0, 40, 2))
def test_what_a_recovery_that_ended_early_has_left_is_decoded_with_the_scale_in_force(
    sent: Delivery, writes: int
) -> None:
    sent.damage()
    sent.rescale()
    sent.append()
    sent.redecode()
    sent.crash(writes)
    sent.recover()
    sent.settle()
    sent._work()


def test_a_login_page_that_answers_204_is_not_believed(sent: Delivery) -> None:
    sent.append()
    sent.upload(12, ["portal 204"])
    sent.heal()


def test_a_batch_that_was_refused_settles_nothing_in_another_journal(life: Delivery) -> None:
    life.know_time()
    life.append(3)
    life.refuse(1)
    life.upload(2)
    life.swap(is_running=True)
    life.append(3)
    life.heal()


def test_a_dead_letter_is_not_tried_again_with_a_reading_of_another_journal(life: Delivery) -> None:
    life.know_time()
    life.append()
    life.refuse(1)
    life.settle()
    life.swap()
    life.doubt_time()
    life.append()
    life.retry()
    life.settle()
    life.heal()


def test_a_backup_put_back_twice_is_another_journal_each_time(sent: Delivery) -> None:
    sent.back_up()
    for _ in range(2):
        sent.restore(is_running=True)
        sent.append()
        sent.settle()
    sent.heal()


def test_a_parcel_brought_after_a_revision_does_not_bring_the_old_values_back(life: Delivery) -> None:
    life.know_time()
    life.append()
    life.pack()
    life.rescale()
    life.redecode()
    life.settle()
    life.carry()
    life.heal()


def test_a_kill_while_uploader_db_is_begun_stops_no_command(life: Delivery) -> None:
    life.lose_uploader_db(is_running=True)
    life.append()
    life.crash(after=0)
    life.pack()
    life.retry()
    life.heal()


def test_what_had_expired_is_sent_when_the_retention_is_raised_and_it_is_replayed(life: Delivery) -> None:
    life.server.generation = "2.9"  # says from when on it keeps readings
    life.know_time()
    life.append(2)
    life.forget(1)
    life.settle()
    life.heal()


def test_what_the_bucket_did_not_keep_is_not_pruned(life: Delivery) -> None:
    life.server.generation = "2.9"
    life.know_time()
    life.append(3)
    life.forget(1)
    life.append(2)
    life.settle()
    life.prune()
    life.heal()


def test_what_was_sent_without_room_to_note_it_takes_no_reading_with_it(life: Delivery) -> None:
    """The journal is put back older under the running uploader, so its ids are given to other readings."""
    life.know_time()
    life.append()
    life.settle()
    life.copy_file()
    life.append(3)
    before = life.server.requests
    life.upload(12, is_full=True)
    assert life.server.requests == before + 1
    life.restore(is_running=True)
    life.append(3)
    life.upload(2)
    life.heal()


def test_a_replay_holds_though_what_was_sent_could_not_be_noted(sent: Delivery) -> None:
    sent.append(2)
    sent.upload(4, is_full=True)
    sent.server.lose_all()
    sent.replay()
    sent.heal()


def test_a_letter_that_has_become_too_old_is_not_sent_again_and_again(life: Delivery) -> None:
    """Its record is in another journal, and the bucket has come to keep less: a few requests tell that."""
    life.know_time()
    life.append(2)
    life.refuse(1)
    life.settle()
    life.swap()
    life.append()
    life.settle()
    life.server.cure()
    life.server.keep_from(life.truth.taken[2].time_ms)
    life.retry()
    before = life.server.requests
    life.upload(12)
    assert life.server.requests - before <= 3
    life.heal()


def test_a_letter_that_was_to_be_tried_again_is_tried_though_another_journal_has_come(life: Delivery) -> None:
    life.know_time()
    life.append()
    life.refuse(1)
    life.settle()
    life.server.cure()
    life.retry()
    life.wait(60)
    life.upload(1, ["500"])
    life.swap(is_running=True)
    life.settle()
    assert not life.site.letters()
    life.heal()


def test_a_day_that_was_recorded_again_takes_the_place_of_the_first(life: Delivery) -> None:
    life.day()
    life.settle()
    life.rename()
    life.day(is_again=True)
    life.heal()


def test_a_parcel_with_an_older_record_of_a_day_does_not_stay_over_the_newer_one(life: Delivery) -> None:
    life.day()
    life.pack()
    life.day(is_again=True)
    life.settle()
    life.carry()
    life.heal()


def test_a_parcel_does_not_stay_over_a_day_that_was_recorded_again_though_its_newest_was_not(life: Delivery) -> None:
    life.day()
    life.day()
    life.pack()
    life.day(is_again=True)
    life.settle()
    life.carry()
    life.heal()


def test_a_parcel_of_a_lost_journal_does_not_stay_over_the_recovered_readings(life: Delivery) -> None:
    life.know_time()
    life.append()
    life.pack()
    life.damage()
    life.recover()
    life.rescale()
    life.redecode()
    life.settle()
    life.carry()
    life.heal()


def test_a_dead_letter_of_an_older_record_of_a_day_is_not_sent_over_the_newer_one(life: Delivery) -> None:
    life.refuse(1)
    life.day()
    life.settle()
    life.day(is_again=True)
    life.settle()
    life.mend()
    life.retry()
    life.heal()


def test_what_is_replayed_before_the_next_round_is_sent_though_it_was_too_old(life: Delivery) -> None:
    life.begin(generation="2.9", is_sure=True, count=1)
    life.upload(steps=7, meanwhile=(20, 7, ["append"]))
    life.rescale()
    life.poison(1, "403 page")
    life.forget(7)
    life.heal()


def test_events_are_held_and_dated_like_readings(life: Delivery) -> None:
    life.event()
    life.append()
    life.know_time()
    life.date(1)
    life.heal()


def test_a_dead_letter_of_a_lost_journal_is_not_sent_over_the_recovered_reading(sent: Delivery) -> None:
    sent.refuse(2)
    sent.append()
    sent.settle()
    sent.damage()
    sent.mend()
    sent.recover()
    sent.settle()
    sent.rescale()
    sent.redecode()
    sent.settle()
    sent.retry()
    sent.heal()


def record_a_day_again(life: Delivery) -> None:
    life.know_time()
    life.day()
    life.settle()
    life.copy_file()
    life.day(is_again=True)


@pytest.fixture(params=["by a lying card", "because an older copy is put back"])
def lose(request: pytest.FixtureRequest, life: Delivery) -> Callable[[], None]:
    return life.lying_card if request.param == "by a lying card" else life.restore


@pytest.mark.parametrize("crash", [None, *range(6)])
def test_a_day_that_was_recorded_again_and_lost_does_not_stay_at_the_server(
    life: Delivery, lose: Callable[[], None], crash: int | None
) -> None:
    """Not even if the uploader ends between the server's answer and writing it down."""
    record_a_day_again(life)
    life.armed = crash
    life.upload(1 if crash is not None else 12)
    lose()
    life.heal()


def test_a_lost_day_that_a_parcel_brought_does_not_stay_at_the_server(life: Delivery, lose: Callable[[], None]) -> None:
    record_a_day_again(life)
    life.pack()
    life.carry(is_told=False)
    lose()
    life.heal()


def test_a_lost_day_that_a_parcel_brings_later_does_not_stay_though_another_has_its_id(
    life: Delivery, lose: Callable[[], None]
) -> None:
    record_a_day_again(life)
    life.pack()
    lose()
    life.day()
    life.settle()
    life.carry()
    life.heal()


def test_a_lost_day_that_was_sent_for_the_letter_of_the_first_does_not_stay_at_the_server(life: Delivery) -> None:
    life.know_time()
    life.refuse(1)
    life.day()
    life.settle()
    life.append()
    life.upload(1)
    life.day(is_again=True)
    life.mend()
    life.retry()
    life.upload(1)
    life.lying_card()
    life.heal()


def test_what_is_held_again_because_an_older_copy_was_put_back_is_not_pruned(life: Delivery) -> None:
    """It was sent; but when it was taken, this journal does not know."""
    life.append()
    life.copy_file()
    life.know_time()
    life.date()
    life.settle()
    life.restore()
    life.append()
    life.prune()
    life.heal()


@pytest.mark.parametrize("lose", ["restore", "damage"])
def test_a_day_that_is_read_again_after_a_rename_keeps_its_site(life: Delivery, lose: str) -> None:
    life.know_time()
    life.append()
    life.back_up()
    life.append()
    life.day()
    life.settle()
    life.rename()
    getattr(life, lose)()
    life.read_ring()
    life.heal()


@pytest.mark.parametrize("lose", ["restore", "damage"])
def test_a_day_after_a_rename_that_is_read_again_has_the_new_site(life: Delivery, lose: str) -> None:
    life.know_time()
    life.append()
    life.back_up()
    life.rename()
    life.append()
    life.day()
    life.settle()
    getattr(life, lose)()
    life.append()
    life.read_ring()
    life.heal()
