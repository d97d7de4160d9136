"""`firefly quota`: what owners use, and what is too much."""

from tests.web.world import World

from .conftest import Run


async def test_what_is_used_is_shown_and_what_is_too_much_ended(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "site")
    shown = await logged_in("quota", "check")
    assert (shown.code, shown.out.splitlines()[1].split()[:4]) == (0, ["ada", "1", "of", "100"])
    ended = await logged_in("quota", "enforce", "--dry-run")
    assert (ended.code, ended.out) == (0, "Nobody has more than he may.\n")
