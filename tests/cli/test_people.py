"""Accounts and members from the command line, and that there is every command which the reference sends people to."""

import json
import re
from pathlib import Path

from tests.web.world import World

from .conftest import Run

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
TABLE, COMMANDS = ((REFERENCE / name).read_text() for name in ("from-stage1.md", "cli.md"))


async def test_accounts_are_made_and_members_added_and_who_did_it_is_told(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "site")
    made = json.loads((await logged_in("user", "create", "grace", "--email", "g@example.org", "--json")).out)
    assert made["sign_in_url"].startswith("http")
    assert (
        "grace is viewer of ada/site"
        in (await logged_in("project", "add-member", "site", "grace", "--role", "viewer")).out
    )
    listed = json.loads((await logged_in("project", "members", "site", "--json")).out)
    assert {one["name"]: one["role"] for one in listed} == {"ada": "owner", "grace": "viewer"}
    audit = json.loads((await logged_in("user", "audit", "ada", "--json")).out)
    assert "account.create" in {deed["action"] for deed in audit}


def test_each_command_that_stands_in_the_table_is_there() -> None:
    known = set(re.findall(r"^## `firefly (.*)`$", COMMANDS, flags=re.MULTILINE))
    named = set(re.findall(r"`firefly ([a-z -]+?)(?: [A-Z-].*?)?`", TABLE))
    assert len(named) > 20
    assert named <= known


def test_all_of_stage1s_commands_stand_in_the_table() -> None:
    first = [row.split(" | ")[0] for row in TABLE.splitlines() if row.startswith("| `")]
    assert len({name for cell in first for name in re.findall(r"`(.*?)`", cell)}) == 40
