"""What wrong_clocks.py tells: whatever may be sent is right within what it states, and nothing is held for good."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.computer import World
from tests.stories.wrong_clocks import STORIES


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_may_be_sent_is_right_within_what_it_states(story: Callable[[World], None], tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        story(world)
        world.check()
        assert world.held == 0
    finally:
        world.kill()
