"""What was made ready of a project's default branch, and how that went."""

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Prebuilds")


@resource.get(
    "/projects/{owner}/{name}/prebuilds",
    "List the newest prebuilds of the default branch, with their logs",
    answer=schemas.Listing[schemas.Prebuild],
)
async def list_prebuilds(call: Call) -> Answer:
    services = call.services
    found = await services.prebuilds.list(call.require_scope("read"), services.projects, *call.project)
    return schemas.Listing[schemas.Prebuild](items=[schemas.Prebuild.model_validate(one) for one in found])
