"""Projects in other languages as somebody works on them: installed, run, and run anew with what was changed."""

import contextlib
import shutil
from collections.abc import Mapping

import aiohttp
import pytest

from tests.bridge.conftest import CONFIGURATION, Running
from tests.bridge.test_application import page, status_that, text_of
from tests.support.frameworks import MAVEN
from tests.support.languages import GEMS, GO, GRADLE, PHP, RUBY, RUST
from tests.support.waiting import eventually

pytestmark = [pytest.mark.kinds, pytest.mark.timeout(300)]

TRIPLED = ("n * 2", "n * 3")


@pytest.mark.parametrize(
    ("program", "files", "changed", "command"),
    [
        ("go", GO, "count/count.go", "go run ."),
        ("cargo", RUST, "src/count.rs", "cargo run --bin garden"),
        ("gradle", GRADLE, "src/main/java/Count.java", "gradle --no-daemon"),
        ("mvn", MAVEN, "src/main/java/Count.java", "mvn --batch-mode"),
        ("php", PHP, "src/Count.php", "php -d variables_order=EGPCS -S"),
        ("ruby", {**RUBY, "firefly.yml": GEMS}, "count.rb", "bundle exec puma"),
    ],
)
async def test_one_is_run_and_a_change_is_seen(
    house: Running, program: str, files: Mapping[str, str], changed: str, command: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not there: scripts/system-packages kinds")
    for name, text in files.items():
        (house.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (house.tree / name).write_text(text)
    await house.client.configure(CONFIGURATION)
    try:
        status = await status_that(house, lambda status: status.state in ("running", "crashed"), within=200)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{await text_of(house)}") from None
    assert status.state == "running", await text_of(house)
    assert command in (status.command or "")
    await _shows(house, "counts 42")
    source = house.tree / changed
    source.write_text(source.read_text().replace(*TRIPLED))
    await _shows(house, "counts 63")


async def _shows(house: Running, text: str) -> None:
    """Where it is started anew, as for files that came a moment ago, it is not there meanwhile."""

    async def look() -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            return text in (await page(house))[1]
        return False

    await eventually(look, within=200)
