"""A remix of a project of 50,000 files and 1 GB, once its default branch is made ready, and the first write in it.

All is done by the API: the files are made, committed and pushed by a command in the project's sandbox. A remix is there
when its preview answers 200 and one of the files can be read.
"""

import asyncio
import time
from collections.abc import Sequence

from ..harness import Row, limited, percentile
from .house import PAUSE, House, Project, repeated, serving

FILES, SIZE, LARGE = 50_000, 20_000, 10_000_000
ROUNDS = 5
# Seconds for all that is made ready before anything is timed.
READY = 400
# No two files are the same; git packs each small, so that the push, which is not timed, is soon done.
FILL = f"""
import os
for number in range({FILES}):
    folder = f"files/{{number // 500}}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{{folder}}/{{number}}.bin", "wb") as file:
        file.write((b"%020d" % number) * {SIZE // 20})
with open("files/large.bin", "wb") as file:
    file.write(os.urandom({LARGE}))
"""
COMMIT = (
    "git -c core.compression=1 add -A && git -c user.name=ada -c user.email=ada@example.org commit -qm Many"
    " && git -c pack.window=0 -c pack.compression=1 push -q origin HEAD"
)
WRITE = """
import time
began = time.perf_counter()
with open("files/large.bin", "r+b") as file:
    file.write(b"x")
print((time.perf_counter() - began) * 1e3)
"""


def rows() -> list[Row]:
    found = asyncio.run(_measure())
    shown, written = (sorted(values) for values in zip(*found, strict=True))
    return [
        limited("remix of 50,000 files, 1 GB, p50", percentile(shown, 50) / 1e3, "s", at_most=1),
        limited("first write to a file of 10 MB in a remix, p50", percentile(written, 50), "ms", at_most=20),
    ]


async def _measure() -> Sequence[tuple[float, float]]:
    found = []
    async with serving(FIREFLY_PREBUILDS="projects") as house:
        source = await house.create("large", "static")
        await source.shown()
        async with asyncio.timeout(READY):
            await _run(source, f"python3 -c '{FILL}' && {COMMIT}")
            await _made_ready(source)

        async def once(number: int) -> float:
            found.append(await _remix(house, source, number))
            return 0.0

        await repeated(ROUNDS, PAUSE, once)
    return found


async def _remix(house: House, source: Project, number: int) -> tuple[float, float]:
    """Milliseconds until it is there, and for the first write."""
    began = time.perf_counter()
    made = await house.create(f"remix-{number}x", remix_of=f"{source.owner}/{source.name}")
    await made.shown()
    async with house.client.get(f"/api/v1/projects/{made.owner}/{made.name}/files/files/7/3501.bin") as response:
        if not response.ok or len(await response.read()) != SIZE:
            raise RuntimeError("The remix does not have the files.")
    took = (time.perf_counter() - began) * 1e3
    return took, float(await _run(made, f"python3 -c '{WRITE}'"))


async def _run(project: Project, command: str) -> str:
    """What a command prints that ends well."""
    done = await project.post("exec", within=READY, command=command, timeout=READY)
    if done["exit_code"]:
        raise RuntimeError(f"{command}: {done['stderr']}")
    return str(done["stdout"])


async def _made_ready(project: Project) -> None:
    """Return when the newest commit of the default branch is a layer that remixes begin on."""
    while (state := await _prebuild(project)) != "succeeded":
        if state == "failed":
            raise RuntimeError("The default branch could not be made ready.")
        await asyncio.sleep(PAUSE)


async def _prebuild(project: Project) -> str:
    url = f"/api/v1/projects/{project.owner}/{project.name}/prebuilds"
    async with project.house.client.get(url) as response:
        items = (await response.json())["items"]
    return str(items[0]["state"]) if items else ""
