from collections import Counter

import pytest

from simulator import Faults
from simulator.line import ERROR_CODES
from tests.simulator.bench import Bench

READ = (20, 94, 0, 235)
ANSWER = [200, 44]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", Faults()),
        ("drop=0.01", Faults(drop=0.01)),
        ("cold", Faults(cold=True)),
        (" garble=1 , double=.5,", Faults(garble=1.0, double=0.5)),
        (
            "drop=0.01,garble=0.02,double=0.03,late=0.04,error=0.05,split=0.1,cold,unplugged,silent,wrong-baud",
            Faults(
                drop=0.01,
                garble=0.02,
                double=0.03,
                late=0.04,
                error=0.05,
                split=0.1,
                cold=True,
                unplugged=True,
                silent=True,
                wrong_baud=True,
            ),
        ),
    ],
)
def test_faults_are_written_with_commas(text: str, faults: Faults) -> None:
    assert Faults.parse(text) == faults


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "dorp=0.1",
            "cannot use fault 'dorp=0.1': use drop=PROBABILITY, garble=PROBABILITY, double=PROBABILITY, "
            "late=PROBABILITY, error=PROBABILITY, split=PROBABILITY, cold, unplugged, silent, wrong-baud",
        ),
        ("drop", "cannot use fault 'drop': give its probability, as in 'drop=0.01'"),
        ("drop=often", "cannot use fault 'drop=often': its probability must be a number from 0 to 1"),
        ("drop=1.5", "cannot use fault 'drop=1.5': its probability must be a number from 0 to 1"),
        ("late=nan", "cannot use fault 'late=nan': its probability must be a number from 0 to 1"),
        ("split=-1", "cannot use fault 'split=-1.0': its probability must be a number from 0 to 1"),
        ("cold=0.5", "cannot use fault 'cold=0.5': 'cold' takes no value"),
    ],
)
def test_a_fault_that_cannot_be_is_named_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="cannot use fault") as caught:
        Faults.parse(f"error=0.1,{text}")
    assert str(caught.value) == message


def test_without_faults_every_answer_is_whole_and_in_one_piece() -> None:
    bench = Bench()
    for _ in range(100):
        bench.send(*READ)
        assert bench.simulator.due(0.0) == [bytes(ANSWER)]


def test_a_dropped_byte_of_the_answer_leaves_one_or_none() -> None:
    answers = spoilt_answers("drop=0.2")
    assert answers[200,] > 0
    assert answers[44,] > 0
    assert answers[()] > 0


def test_a_dropped_byte_of_the_command_is_a_timeout() -> None:
    assert spoilt_answers("drop=0.2")[129,] > 0


def test_a_garbled_answer_has_its_length_but_not_its_bytes() -> None:
    answers = spoilt_answers("garble=0.1")
    assert any(len(answer) == 2 and answer[0] != 200 for answer in answers)
    assert any(len(answer) == 2 and answer[0] == 200 and answer[1] != 44 for answer in answers)


def test_a_garbled_command_is_refused() -> None:
    answers = spoilt_answers("garble=0.1")
    assert answers[130,] > 0


def test_a_doubled_byte_arrives_twice() -> None:
    answers = spoilt_answers("double=0.1")
    assert answers[200, 200, 44] > 0
    assert answers[200, 44, 44] > 0


def test_an_error_code_comes_instead_of_the_answer() -> None:
    answers = spoilt_answers("error=0.5")
    assert set(answers) == {(code,) for code in ERROR_CODES} | {tuple(ANSWER)}


def test_a_split_answer_arrives_byte_by_byte() -> None:
    bench = Bench(faults=Faults(split=1.0))
    bench.send(*READ)
    assert bench.answers(by=0.004) == [200]
    assert bench.answers(by=0.081) == [44]


def test_a_split_is_shorter_the_faster_time_passes() -> None:
    bench = Bench(faults=Faults(split=1.0), speed=100)
    bench.send(*READ)
    assert bench.simulator.due(0.00081) == [b"\xc8", b"\x2c"]


@pytest.mark.parametrize("speed", [1, 1000])
def test_a_late_answer_is_late_by_real_time(speed: float) -> None:
    bench = Bench(faults=Faults(late=1.0), speed=speed, late_seconds=(1.6, 1.7))
    seen = set()
    for attempt in range(20):
        at = attempt * 10.0
        bench.send(*READ, at=at)
        in_time, late = bench.answers(by=at + 1.59), bench.answers(by=at + 1.71)
        assert in_time + late == ANSWER
        seen.add(len(in_time))
    assert seen == {0, 1}


def test_a_late_answer_arrives_before_that_to_the_next_command() -> None:
    bench = Bench(faults=Faults(late=1.0), late_seconds=(2.0, 2.0))
    bench.send(*READ)
    bench.answers(by=1.5)
    bench.simulator.faults = Faults()
    assert bench.ask(187, 0, 0, 68, at=1.5)[-2:] == [44, 128]


def test_what_was_under_way_to_a_computer_that_has_gone_is_lost() -> None:
    bench = Bench()
    bench.send(*READ)
    bench.simulator.reconnect()
    assert bench.answers() == []


def test_at_the_wrong_baud_rate_nothing_makes_sense() -> None:
    bench = Bench(faults=Faults(wrong_baud=True))
    for _ in range(50):
        assert bench.ask(*READ) != ANSWER


def test_the_same_seed_makes_the_same_faults() -> None:
    assert spoilt_answers("drop=0.1,double=0.1,error=0.1") == spoilt_answers("drop=0.1,double=0.1,error=0.1")


def test_another_seed_makes_other_faults() -> None:
    assert spoilt_answers("garble=0.3", seed=1) != spoilt_answers("garble=0.3", seed=2)


def spoilt_answers(faults: str, seed: int = 1) -> Counter[tuple[int, ...]]:
    """What comes back for 300 commands, each of them long after the one before."""
    bench = Bench(faults=Faults.parse(faults), seed=seed)
    return Counter(tuple(bench.ask(*READ, at=attempt * 10.0)) for attempt in range(300))
