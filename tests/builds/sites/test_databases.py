"""A database per preview: seeded once, kept over sleep, and copied to the build that comes after."""

import pytest

from firefly.builds.model import SiteState
from tests.builds.sites.stage import Stage
from tests.sandbox.test_own_database import PSQL

pytestmark = pytest.mark.timeout(180)
QUERY = "select string_agg(what, ' ' order by n) from notes"
SERVER = f"""
import http.server, os, subprocess
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        argv = ["{PSQL}", "-qXAt", os.environ["DATABASE_URL"], "-c", "{QUERY}"]
        self.send_response(200); self.end_headers(); self.wfile.write(subprocess.check_output(argv).strip())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def project(migration: str, seed: str = "create table notes (n serial, what text)") -> dict[str, str]:
    psql = f'{PSQL} -qX -v ON_ERROR_STOP=1 "$DATABASE_URL"'
    return {
        "server.py": SERVER,
        "seed.sql": seed,
        "migration.sql": migration,
        "firefly.yml": f"database: postgres\nseed: ['{psql} -f seed.sql']\nrun: ['{psql} -f migration.sql', "
        "'python3 server.py']\nenv: {DATABASE_URL: not-this-one}\n",
    }


async def test_the_next_build_begins_with_a_copy_and_each_keeps_its_own(stage: Stage) -> None:
    stage.shop.secrets = {"DATABASE_URL": "postgresql://production.example/shop"}
    first = await stage.show(project("insert into notes (what) values ('one')"))
    assert first.workspace_id is not None
    await stage.keeper.stop(first.workspace_id, "It sleeps.")

    # It is woken for the copy, and not seeded again; a migration that fails harms nobody's data.
    failed, _ = await stage.publish(await stage.build(project("insert into notes (what) values ('lost'); select 1/0")))
    assert failed.state is SiteState.FAILED
    second = await stage.show(project("insert into notes (what) values ('two')", seed="select 1/0"))
    assert second.workspace_id is not None
    assert await stage.says(second.workspace_id) == "one one two"
    assert await stage.says(first.workspace_id) == "one one"

    # With the branch the databases of all its sites go.
    await stage.ends.heed(second.project_id, second.ref)
    assert await stage.emptied() == {first.id, failed.id, second.id}
