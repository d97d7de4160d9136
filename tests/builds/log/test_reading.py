"""Logs as they are stored: by pages, of one step, searched, as one text, with what is missing told."""

import pytest

from firefly.builds.log import Logs, reading
from firefly.builds.model import Build
from firefly.protocol.ansi import coloured, plain, settled
from tests.builds.yard import Yard


async def write(logs: Logs, build: Build) -> None:
    async with logs.writing(build) as log:
        for name in ("install", "build"):
            async with log.step(name) as step:
                for number in range(100):
                    await step.write(f"\x1b[1;31m{name}\x1b[0m {number}\n".encode())
                    if not number % 10:
                        await log.last_lines()


async def text(logs: Logs, build: Build, *, colours: bool) -> str:
    return b"".join([part async for part in logs.reading.text(build.id, colours=colours)]).decode()


async def test_pages_follow_one_another(logs: Logs, build: Build) -> None:
    await write(logs, build)
    after, numbers = 0, list[int]()
    while True:
        page = await logs.reading.page(build.id, after=after, limit=33)
        numbers += [line.n for line in page.lines]
        if page.cursor is None:
            break
        after = page.cursor
    assert numbers == list(range(1, 201))
    assert await logs.reading.before_end(build.id, 50) == 150
    assert await logs.reading.before_end(build.id, 500) == 0


async def test_a_page_of_long_lines_has_fewer_of_them(logs: Logs, build: Build) -> None:
    async with logs.writing(build) as log, log.step("build") as step:
        for number in range(12):
            await step.write(bytes([65 + number]) * 60_000 + b"\n")
    read, after = "", 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "LARGEST_PAGE", 200_000)
        while True:
            page = await logs.reading.page(build.id, after=after)
            assert 1 <= len(page.lines) <= 3
            read += "".join(line.text[0] for line in page.lines)
            if page.cursor is None:
                break
            after = page.cursor
    assert read == "ABCDEFGHIJKL"


async def test_it_is_searched_without_regard_to_case_and_colours(logs: Logs, build: Build) -> None:
    await write(logs, build)
    page = await logs.reading.page(build.id, search="BUILD 9")
    assert [plain(line.text) for line in page.lines] == ["build 9", *(f"build 9{n}" for n in range(10))]
    assert page.cursor is None
    assert [line.n for line in (await logs.reading.page(build.id, step=2, limit=2)).lines] == [101, 102]
    assert (await logs.reading.page(build.id, search="nowhere")).lines == []


async def test_it_is_one_text_with_or_without_colours(logs: Logs, build: Build) -> None:
    await write(logs, build)
    lines = [f"{name} {number}" for name in ("install", "build") for number in range(100)]
    assert (await text(logs, build, colours=False)).splitlines() == lines
    assert (await text(logs, build, colours=True)).splitlines()[0] == "\x1b[1;31minstall\x1b[0m 0"


async def test_what_is_missing_is_told_once(logs: Logs, build: Build, yard: Yard) -> None:
    await write(logs, build)
    await yard.execute("delete from build_log where first_line > 1 and first_line < 180")
    lines = list((await logs.reading.page(build.id)).lines)
    (told,) = [line for line in lines if line.stream == "firefly"]
    assert "are not kept" in told.text
    following = lines[lines.index(told) + 1].n
    assert following == told.n + 1
    again = await logs.reading.page(build.id, after=told.n)
    assert again.lines[0].n == following


def test_of_escape_sequences_only_colours_are_left() -> None:
    text = "\x1b]0;title\x07\x1b[2J\x1b[1mbold\x1b[0m\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b[6n\x1bcend\x1b"
    assert coloured(text) == "\x1b[1mbold\x1b[0mlink end"
    assert plain(text) == "boldlink end"
    assert plain("\x1b]0;title␇made \x1b]0;never ended") == "made 0;never ended"
    # Many terminals go by single characters, too.
    assert (coloured("\x9b2J\x9d0;né"), plain("\x9b2Jné")) == ("2J0;né", "2Jné")
    assert settled("one\rtwo\n\tthree\x08\u202eruof\x1b[31m\xa0é👩\u200d💻") == "onetwo\n\tthreeruof\xa0é👩\u200d💻"


async def test_a_closed_log_of_many_pieces_is_put_together(logs: Logs, build: Build, yard: Yard) -> None:
    async with logs.writing(build) as log, log.step("build") as step:
        for number in range(60):
            await step.write(b"line %d\n" % number, stream="err" if number % 7 == 0 else "out")
            await log.last_lines()
    pieces = await logs.records.pieces(build.id, 1)
    assert [(piece.first_line, piece.lines) for piece in pieces] == [(1, 60)]
    lines = (await logs.reading.page(build.id)).lines
    assert [line.text for line in lines] == [f"line {number}" for number in range(60)]
    assert [line.n for line in lines if line.stream == "err"] == [1, 8, 15, 22, 29, 36, 43, 50, 57]
    # What was added later is put to it, and what is missing stays so.
    async with logs.writing(build) as log, log.step("start") as step:
        for number in range(40):
            await step.write(b"more %d\n" % number)
            await log.last_lines()
        await log._outbox.drained()
        await yard.execute("delete from build_log where first_line = 70")
    lines = (await logs.reading.page(build.id)).lines
    assert [line.n for line in lines if line.stream == "firefly"] == [70]
    assert [line.n for line in lines] == list(range(1, 101))
    assert len(await logs.records.pieces(build.id, 1)) == 2
