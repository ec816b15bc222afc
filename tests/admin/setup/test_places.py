import pytest

from admin.setup.answers import Answers
from admin.setup.places import check_zone


@pytest.mark.parametrize("answer", ["Brisbane", "australia/brisbane", "brisbane", "Australia/Brisban"])
def test_a_time_zone_that_is_nearly_right_is_named_right(answer: str) -> None:
    words = f"there is no time zone {answer}; did you mean Australia/Brisbane\\?"
    with pytest.raises(ValueError, match=words):
        check_zone(answer, Answers({}))
