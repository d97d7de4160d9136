"""Which artifacts an owner keeps when there is not room for all."""

from uuid import UUID, uuid4

from firefly.auth import Identity
from firefly.builds.packing.room import ArtifactRoom
from tests.builds.yard import Yard


async def build(yard: Yard, project_id: UUID, number: int, artifact: str, *, shows: str | None = None) -> None:
    """A good build whose artifact takes 10 bytes; `shows`: its site is live, as that."""
    digest, build_id = f"sha256:{artifact * 64}", uuid4()
    await yard.execute(
        "insert into artifacts values ($1, 'archive', '', 30, 10, now(), now()) on conflict do nothing", digest
    )
    await yard.execute(
        "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, ended_at, artifact)"
        " values ($1, $2, $3::int, 'refs/heads/' || $3, repeat('a', 40), 'push', 'succeeded', now(),"
        " now() + $3 * interval '1 second', $4)",
        build_id, project_id, number, digest,
    )  # fmt: skip
    if shows is not None:
        await yard.execute(
            "insert into sites (id, project_id, build_id, shows, ref, label, state, created_at)"
            " values ($1, $2, $3, $4, 'refs/heads/' || $5::int, '', 'live', now())",
            uuid4(), project_id, build_id, shows, number,
        )  # fmt: skip


async def let_go(yard: Yard, most: int) -> int:
    async with yard.database.transaction() as connection:
        return await ArtifactRoom(most=most).let_go(connection)


async def kept(yard: Yard, project_id: UUID) -> set[int]:
    async with yard.database.connection() as connection:
        rows = await connection.fetch(
            "select number from builds where project_id = $1 and artifact is not null", project_id
        )
    return {row["number"] for row in rows}


async def test_the_oldest_go_and_what_is_shown_stays(yard: Yard, ada: Identity) -> None:
    one, two, other = (
        await yard.project(ada), await yard.project(ada, "park"), await yard.project(await yard.person("eve")),
    )  # fmt: skip
    await build(yard, one, 1, "a", shows="ref")
    await build(yard, one, 2, "b", shows="build")
    await build(yard, one, 3, "c")
    await build(yard, two, 4, "d")
    # The same bytes once more: they count once, and as new as they were made last.
    await build(yard, two, 5, "c")
    await build(yard, other, 6, "b")

    assert await let_go(yard, 0) == 0
    assert await let_go(yard, 40) == 0
    assert await let_go(yard, 30) == 1
    assert await kept(yard, one) == {1, 3}
    assert await let_go(yard, 5) == 4
    assert (await kept(yard, one), await kept(yard, two)) == ({1}, set())
    # Of another owner nothing was taken until here.
    assert await kept(yard, other) == set()
