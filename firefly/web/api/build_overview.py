"""Builds that are on their way."""

from .. import schemas
from ..building import build_answers
from ..routing import Answer, Call, Resource

resource = Resource("Builds")


@resource.get("/builds", "List what runs or is queued in your projects", answer=schemas.Builds)
async def mine(call: Call) -> Answer:
    builds = await call.services.desk.overview.mine(call.require_scope("read"))
    return schemas.Builds(builds=await build_answers(call.services, builds), cursor=None)


@resource.get("/admin/builds", "See what is being built, and for whom", answer=schemas.BuildOverview)
async def everything(call: Call) -> Answer:
    call.require_administrator()
    present = await call.services.desk.overview.everything()
    return schemas.BuildOverview(
        running=present.running,
        queued=present.queued,
        waiting=present.waiting,
        builds=await build_answers(call.services, present.builds),
        builders=[schemas.Builder(name=name, builds=builds) for name, builds in present.builders.items()],
        minutes=[schemas.BuildMinutes(owner=owner, minutes=used) for owner, used in present.minutes.items()],
    )
