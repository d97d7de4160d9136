"""A build that somebody holds, for tests of what is written for one."""

from uuid import uuid4

from firefly.builds.model import Hold
from firefly.store import Database


async def some_hold(database: Database) -> Hold:
    """Of a build that runs, in a project of its own."""
    account, project, build = uuid4(), uuid4(), uuid4()
    async with database.connection() as connection:
        await connection.execute(
            "insert into accounts (id, name, display_name) values ($1, $2, '')", account, f"a{account.hex[:20]}"
        )
        await connection.execute("insert into projects (id, owner_id, name) values ($1, $2, 'held')", project, account)
        await connection.execute(
            "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, epoch)"
            " values ($1, $2, 1, 'refs/heads/main', $3, 'push', 'running', now(), 1)",
            build, project, "a" * 40,
        )  # fmt: skip
    return Hold(build, 1)
