"""What a failure says besides: how to log in, and which project was meant."""

import pytest

from firefly.cli.hints import nearest
from tests.web.world import World

from .conftest import Run

KNOWN = ["ada/shop", "ada/observatory", "bob/garden", "bob/shop"]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("ada/garden", "bob/garden"),
        ("ada/observatry", "ada/observatory"),
        ("ada/shops", "ada/shop"),
        ("bbo/gardn", "bob/garden"),
        ("ada/zzz", None),
    ],
)
def test_the_project_that_was_likely_meant_is_found(wanted: str, meant: str | None) -> None:
    assert nearest(wanted, KNOWN) == meant


async def test_a_name_that_is_nearly_one_is_told(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "observatory")
    for command in (
        ("project", "show", "observatry"),
        ("build", "list", "observatry"),
        ("build", "show", "observatr#3"),
    ):
        done = await logged_in(*command)
        assert (done.code, done.out) == (1, ""), command
        assert done.err.strip().endswith("Did you mean ada/observatory?"), command
    other = await logged_in("build", "show", "observatory#3")
    assert other.code == 1
    assert "Did you mean" not in other.err


async def test_whoever_is_not_logged_in_is_told_the_command(run: Run, world: World) -> None:
    server = str(world.server.make_url("")).rstrip("/")
    without = await run("project", "list", "--server", server)
    assert (without.code, without.out) == (1, "")
    assert without.err == f"You are not logged in to {server}. Log in: `firefly login --server {server}`\n"
    wrong = await run("project", "list", "--server", server, "--token", "ffp_wrong")
    assert wrong.err.endswith(f" Log in: `firefly login --server {server}`\n")
    nobody = await run("project", "list", "--server", "http://127.0.0.1:1")
    assert nobody.err == (
        "http://127.0.0.1:1 does not answer: nothing listens there. Is it running? "
        "Another server: `firefly login --server ADDRESS`\n"
    )


async def test_no_description_of_a_command_is_cut(run: Run) -> None:
    for group in ((), ("build",), ("project",), ("sandbox",)):
        told = (await run(*group, "--help")).out
        assert "Commands:" in told
        assert "..." not in told.partition("Commands:")[2]
