"""The branches of a project with their newest builds, and what the project wants of builds."""

from dataclasses import asdict

from firefly.builds.views.branches import ref_of

from .. import schemas
from ..building import branch_answers
from ..routing import Answer, Call, Resource

resource = Resource("Builds")
NULLABLE = ("configuration", "timeout")
PATH = "/projects/{owner}/{name}"


@resource.get(
    f"{PATH}/branches", "List its branches, tags and pull requests with their newest builds", answer=schemas.Branches
)
async def list_branches(call: Call) -> Answer:
    found = await call.services.desk.branches.list(call.require_scope("read"), *call.project)
    return schemas.Branches(branches=await branch_answers(call.services, found))


@resource.patch(
    f"{PATH}/branches/{{branch:.+}}",
    "Make its site a demo, which does not count against quotas, or no longer",
    body=schemas.BranchChange,
    answer=schemas.Branch,
)
async def change_branch(call: Call) -> Answer:
    identity, body = call.require_scope("write"), await call.body(schemas.BranchChange)
    ref = ref_of(call.request.match_info["branch"])
    await call.services.sites.demo(identity, *call.project, ref, is_demo=body.is_demo)
    (answer,) = await branch_answers(
        call.services, [await call.services.desk.branches.one(identity, *call.project, ref)]
    )
    return answer


@resource.get(f"{PATH}/build-settings", "See what it wants of its builds", answer=schemas.BuildSettings)
async def settings(call: Call) -> Answer:
    identity = call.require_scope("read")
    found = await call.services.desk.preferences.get(identity, *call.project)
    project = await call.services.projects.get(identity, *call.project)
    return schemas.BuildSettings(**asdict(found), badge_key=call.services.desk.badges.key(project.id))


@resource.patch(
    f"{PATH}/build-settings",
    "Change what it wants of its builds; what is left out stays",
    body=schemas.BuildSettingsChange,
    answer=schemas.BuildSettings,
)
async def change_settings(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.BuildSettingsChange)
    given = body.model_dump(exclude_unset=True)
    wanted = {name: value for name, value in given.items() if value is not None or name in NULLABLE}
    await call.services.desk.preferences.change(identity, *call.project, wanted)
    return await settings(call)
