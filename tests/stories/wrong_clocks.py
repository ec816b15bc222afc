"""Stories of clocks that are wrong without saying so. Each ends with all readings sent that can be.

Run as a program (python -m tests.stories.wrong_clocks) it prints what came of each: readings, true error, stated
uncertainty.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.stories.computer import World

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def known_site(world: World) -> None:
    """A day with network, then a power cut of two hours."""
    world.power_on()
    world.network()
    world.run(DAY)
    world.power_off(2 * HOUR)


def network_at_the_end(world: World) -> None:
    world.network()
    world.run(2 * HOUR)
    world.finish_dating()
    world.check()


def the_journal_is_read_on_another_computer(world: World) -> None:
    """That has been running for hours: when its kernel started says nothing about the journal."""
    known_site(world)
    world.power_on()
    world.run(HOUR)
    world.power_off(HOUR)
    world.is_regulator_there = False
    world.carry_to_another_computer(uptime=3 * HOUR)
    network_at_the_end(world)


def the_first_journal_ever_is_read_on_another_computer(world: World) -> None:
    world.power_on()
    world.run(5 * HOUR)
    world.power_off(HOUR)
    world.carry_to_another_computer(uptime=16 * DAY)
    network_at_the_end(world)


def the_regulator_restarts_within_one_start_of_a_chain(world: World) -> None:
    """At 00:40, so by 40 minutes only, and is set to local time later: before and after its clock shows the same."""
    world.power_on()
    world.network()
    world.run(DAY)
    world.power_off(0.5 * HOUR)
    world.power_on()
    world.run(6 * HOUR + 40 * MINUTE)
    world.reset_regulator()
    world.run(3 * HOUR)
    world.power_off(0.5 * HOUR)
    world.power_on()
    world.run(3 * HOUR)
    world.power_off(HOUR)
    world.set_regulator()
    world.power_on()
    network_at_the_end(world)


def the_regulator_restarts_while_all_is_off_and_is_set_to_local_time_later(world: World) -> None:
    known_site(world)
    world.power_off(8 * HOUR)
    world.reset_regulator()
    world.power_off(HOUR)
    world.power_on()
    world.run(5 * HOUR)
    world.power_off(15 * HOUR)
    world.set_regulator()
    world.power_on()
    network_at_the_end(world)


def the_regulator_restarts_between_two_starts(world: World) -> None:
    """The first of them ran before, so the second was at least so long after the first as its clock shows."""
    known_site(world)
    world.power_on()
    world.run(2 * HOUR)
    world.power_off(HOUR)
    world.reset_regulator()
    world.power_off(3 * HOUR)
    world.power_on()
    world.run(2 * HOUR)
    world.power_off(9 * HOUR)
    world.set_regulator()
    world.power_on()
    network_at_the_end(world)


def the_clock_is_slewed_after_two_months(world: World) -> None:
    """As chrony does by default, 8 % faster or slower, while the kernel counts as synchronised."""
    world.interval, world.drift = MINUTE, 45e-6
    world.power_on()
    world.network()
    world.run(HOUR)
    world.offline()
    world.interval = HOUR
    world.run(60 * DAY)
    world.interval = MINUTE
    world.network_slewing()
    world.run(3 * HOUR)


def the_clock_is_slewed_at_the_first_start(world: World) -> None:
    """By ten minutes, over two hours; what was held from before has a boot clock that was not slewed."""
    world.interval = MINUTE
    world.wall_ms = world.true_ms - 600_000
    world.power_on()
    world.run(HOUR)
    world.network_slewing()
    world.run(4 * HOUR)


def the_clock_is_set_before_the_kernel_is_asked(world: World) -> None:
    race(world, 0)


def the_clock_is_set_after_the_kernel_was_asked(world: World) -> None:
    race(world, 1)


def race(world: World, after: int) -> None:
    """The clock was 172 days slow, and is set while a look is under way."""
    world.interval = MINUTE
    world.power_on(wall="2026-06-12")
    world.run(12 * HOUR)
    world.questions = [lambda: None] * after + [world.network]
    world.tick()
    world.kill()
    world.start()
    network_at_the_end(world)


def a_person_confirms_the_clock_to_the_minute(world: World) -> None:
    world.power_on()
    world.run(DAY)
    world.wall_ms = world.true_ms - 59_000
    world.person()
    world.run(DAY)


def a_person_confirms_the_clock_to_the_second(world: World) -> None:
    world.power_on()
    world.run(DAY)
    world.wall_ms = world.true_ms - 4_000
    world.person(5.0)
    world.run(DAY)


def a_person_confirms_what_the_network_knew_better(world: World) -> None:
    world.power_on()
    world.network()
    world.run(HOUR)
    world.offline()
    world.set_wall(-50)
    world.person()
    world.run(DAY)


def a_hardware_clock_has_drifted_since_the_last_network(world: World) -> None:
    known_site(world)
    world.power_off(90 * DAY)
    world.wall_ms = world.true_ms + 700_000
    world.hardware_clock()
    world.power_on()
    world.run(DAY)


def a_hardware_clock_dates_two_starts_in_a_row(world: World) -> None:
    """That it was believed at the first does not make it better at the second."""
    known_site(world)
    for off_ms in (350_000, 700_000):
        world.power_off(45 * DAY)
        world.wall_ms = world.true_ms + off_ms
        world.hardware_clock()
        world.power_on()
        world.run(DAY)


def a_time_server_lies_for_five_minutes_at_the_start(world: World) -> None:
    world.interval = MINUTE
    world.power_on()
    world.run(6 * HOUR)
    world.network()
    world.set_wall(7200)
    world.run(5 * MINUTE)
    world.network()
    world.run(2 * HOUR)


def a_time_server_lies_for_five_minutes_later(world: World) -> None:
    world.interval = MINUTE
    world.power_on()
    world.network()
    world.run(6 * HOUR)
    world.set_wall(7200)
    world.run(5 * MINUTE)
    world.network()
    world.run(2 * HOUR)


def the_boot_clock_starts_again_under_the_same_boot_id(world: World) -> None:
    """A virtual machine that was put back, say."""
    world.power_on()
    world.network()
    world.run(DAY)
    world.kill()
    world.true_ms += 3 * HOUR * 1000
    world.uptime_ms = 60_000.0
    world.offline()
    world.start()
    world.run(3 * HOUR)
    world.kill()
    world.start()
    world.run(HOUR)
    network_at_the_end(world)


def trust_was_set_and_is_auto_again(world: World) -> None:
    """It was wrong, and nobody says so any more: from then on nothing is dated by it."""
    world.is_trusting = world.is_lied_to = True
    world.wall_ms = world.true_ms - 5_000_000
    world.power_on()
    world.run(3 * HOUR)
    world.stop()
    world.is_trusting = world.is_lied_to = False
    for _ in range(2):
        world.start()
        world.run(3 * HOUR)
        world.kill()
    world.start()
    network_at_the_end(world)


def chrony_does_not_tell_the_kernel(world: World) -> None:
    """Without `rtcsync`."""
    world.power_on()
    world.network()
    world.is_synchronised, world.chrony_error = False, 0.05
    world.run(DAY)


def the_start_after_an_undated_one_is_uncertain_itself(world: World) -> None:
    """Its clock ran for 90 days until the network came: when it began is known to minutes only."""
    world.drift, world.interval = 43e-6, MINUTE
    world.power_on()
    world.network()
    world.run(DAY)
    world.power_off(390)
    world.power_on(after=10)
    world.run(6 * HOUR)
    world.reset_regulator()
    world.run(6 * HOUR)
    world.power_off(1)
    world.interval = 6 * HOUR
    world.power_on(after=1)
    world.run(90 * DAY)
    world.interval = HOUR
    network_at_the_end(world)


STORIES: tuple[Callable[[World], None], ...] = (
    the_journal_is_read_on_another_computer,
    the_first_journal_ever_is_read_on_another_computer,
    the_regulator_restarts_within_one_start_of_a_chain,
    the_regulator_restarts_while_all_is_off_and_is_set_to_local_time_later,
    the_regulator_restarts_between_two_starts,
    the_clock_is_slewed_after_two_months,
    the_clock_is_slewed_at_the_first_start,
    the_clock_is_set_before_the_kernel_is_asked,
    the_clock_is_set_after_the_kernel_was_asked,
    a_person_confirms_the_clock_to_the_minute,
    a_person_confirms_the_clock_to_the_second,
    a_person_confirms_what_the_network_knew_better,
    a_hardware_clock_has_drifted_since_the_last_network,
    a_hardware_clock_dates_two_starts_in_a_row,
    a_time_server_lies_for_five_minutes_at_the_start,
    a_time_server_lies_for_five_minutes_later,
    the_boot_clock_starts_again_under_the_same_boot_id,
    trust_was_set_and_is_auto_again,
    chrony_does_not_tell_the_kernel,
    the_start_after_an_undated_one_is_uncertain_itself,
)


def main() -> None:
    sys.stdout.write("| story | readings | true error, at most | stated, at most |\n|---|---|---|---|\n")
    for story in STORIES:
        with tempfile.TemporaryDirectory() as directory:
            world = World(Path(directory))
            try:
                story(world)
                readings, error, stated = world.figures()
                told = f"{readings:,} | {error:,.1f} s | {stated:,.0f} s"
            except AssertionError as wrong:
                told = f"wrong: {wrong} | |"
            sys.stdout.write(f"| {story.__name__.replace('_', ' ')} | {told} |\n")
            world.kill()


if __name__ == "__main__":
    main()
