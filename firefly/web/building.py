"""Builds, as the API shows them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from . import schemas
from .services import Services

if TYPE_CHECKING:
    from firefly.builds.model import Build, Site
    from firefly.builds.views.branches import Branch
    from firefly.builds.views.showing import Shown


async def build_answer(services: Services, build: "Build") -> schemas.Build:
    """With its steps."""
    return _answer(services, await services.desk.showing.one(build))


async def build_answers(services: Services, builds: "Sequence[Build]") -> list[schemas.Build]:
    return [_answer(services, shown) for shown in await services.desk.showing.many(builds)]


def _answer(services: Services, shown: "Shown") -> schemas.Build:
    build, now = shown.build, services.clock.now()
    run = ((build.ended_at or now) - build.started_at).total_seconds() if build.started_at else None
    return schemas.Build.model_validate({
        **{name: getattr(build, name) for name in schemas.Build.model_fields if hasattr(build, name)},
        "project": f"{build.owner}/{build.project}",
        "by": build.account or build.actor,
        "queue": _place(services, shown),
        "seconds": run,
        "steps": [schemas.BuildStep.model_validate(step) for step in shown.steps],
        "site": site_answer(services, shown.site) if shown.site else None,
        "kept_until": shown.kept.until if shown.kept else None,
    })  # fmt: skip


async def branch_answers(services: Services, branches: "Sequence[Branch]") -> list[schemas.Branch]:
    builds = await build_answers(services, [branch.newest for branch in branches if branch.newest])
    answers = {build.id: build for build in builds}
    return [_branch(services, branch, answers) for branch in branches]


def _branch(services: Services, branch: "Branch", answers: "Mapping[UUID, schemas.Build]") -> schemas.Branch:
    newest = answers[branch.newest.id] if branch.newest else None
    asked = branch.pull_request and schemas.BranchRequest.model_validate(branch.pull_request)
    return schemas.Branch(
        ref=branch.ref, branch=branch.branch, commit=branch.commit, subject=branch.subject, reason=branch.reason,
        pull_request=asked, newest=newest, deleted=branch.deleted, is_demo=bool(branch.site and branch.site.is_demo),
        site=site_answer(services, branch.site) if branch.site else None,
    )  # fmt: skip


def site_answer(services: Services, site: "Site") -> schemas.BuildSite:
    urls = [services.settings.content_url(host.partition(".")[0]) for host in site.hosts]
    glance = services.keeper.glance(site.workspace_id) if site.workspace_id else None
    return schemas.BuildSite(
        build_id=site.build_id, is_pages=site.is_pages, state=site.state, reason=site.reason,
        url=urls[0] if urls else "", urls=urls,
        sandbox_state=glance.state.value if glance else None, stops_at=glance.stops_at if glance else None,
    )  # fmt: skip


def _place(services: Services, shown: "Shown") -> schemas.BuildPlace | None:
    if shown.place is None:
        return None
    place = shown.place
    return schemas.BuildPlace(
        position=place.position, ahead_of_project=place.ahead_of_project, held=place.held, reason=place.reason,
        queued_seconds=(services.clock.now() - place.queued_at).total_seconds(),
    )  # fmt: skip
