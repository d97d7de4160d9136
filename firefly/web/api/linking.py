"""A project's link to a repository at a provider."""

from firefly.errors import InvalidInput
from firefly.linking import Choice, NewRepository, View
from firefly.linking.mirrored import MirroredRef, MirrorState

from .. import schemas
from ..presenters import job_answer
from ..routing import Answer, Call, Resource
from ..services import Services

resource = Resource("Links")
PATH = "/projects/{owner}/{name}/link"


def answer(services: Services, view: View) -> schemas.ProviderLink:
    link, mirror = view.link, view.mirror
    failing = mirror is not None and mirror.state is MirrorState.FAILING
    return schemas.ProviderLink(
        provider=link.provider, url=link.base_url, repository=link.repository, web_url=link.web_url,
        private=link.is_private, default_branch=link.default_branch, state=link.state.value, reason=link.reason,
        key=link.key_public or None if link.key_id else None, hook=link.hook_id is not None or link.told_by_app,
        mirror=mirror.state.value if mirror else None, mirror_reason=mirror.reason if mirror else "",
        waits=mirror.waits if mirror else False, looked_at=mirror.looked_at if mirror else None,
        next_look=mirror.due_at if mirror and failing else None,
        refs=[_ref(services, view, ref) for ref in view.refs],
    )  # fmt: skip


def _ref(services: Services, view: View, ref: MirroredRef) -> schemas.Divergence:
    compares = services.linked.compare_url(view.link, ref.common, ref.theirs) if ref.common and ref.theirs else None
    return schemas.Divergence(
        ref=ref.ref, state=ref.state.value, ours=ref.ours, theirs=ref.theirs, reason=ref.reason, compare_url=compares
    )


@resource.get(PATH, "See the link of a project", answer=schemas.ProviderLink)
async def show(call: Call) -> Answer:
    return answer(call.services, await call.services.linked.show(call.require_scope("read"), *call.project))


@resource.post(PATH, "Link a project to a repository", body=schemas.NewProviderLink, answer=schemas.Job, status=202)
async def link(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.NewProviderLink)
    if (body.repository is None) == (body.create is None):
        raise InvalidInput("Give exactly one of repository and create.", field="repository")
    made = body.create and NewRepository(
        name=body.create.name, organisation=body.create.organisation, is_private=body.create.private
    )
    job = await call.services.linked.link(
        identity, *call.project, body.provider, body.repository or made or "", url=body.url, by_key=body.by_key
    )
    return job_answer(job)


@resource.delete(PATH, "Unlink a project, and remove hook and key at the provider", status=204)
async def unlink(call: Call) -> Answer:
    await call.services.linked.unlink(call.require_scope("write"), *call.project)
    return None


@resource.post(f"{PATH}/compare", "Compare both sides now", answer=schemas.ProviderLink)
async def compare(call: Call) -> Answer:
    return answer(call.services, await call.services.linked.bring(call.require_scope("write"), *call.project))


@resource.post(f"{PATH}/mend", "Go on with your own connection", answer=schemas.Job, status=202)
async def mend(call: Call) -> Answer:
    return job_answer(await call.services.linked.mend(call.require_scope("write"), *call.project))


@resource.post(
    f"{PATH}/resolve", "Choose for a branch on which both went on", body=schemas.Resolve, answer=schemas.Resolved
)
async def resolve(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.Resolve)
    made, view = await call.services.linked.resolve(
        identity, *call.project, body.branch, Choice(body.choice), new=body.name
    )
    return schemas.Resolved(branch=made, link=answer(call.services, view))


@resource.post(
    f"{PATH}/pull-requests",
    "Open a pull request at the provider",
    body=schemas.NewPullRequest,
    answer=schemas.PullRequest,
    status=201,
)
async def propose(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.NewPullRequest)
    linked = call.services.linked
    made = await linked.propose(
        identity, *call.project, head=body.head, base=body.base, title=body.title, body=body.body
    )
    view = await linked.show(identity, *call.project)
    compares = linked.compare_url(view.link, made.base_ref, made.head_ref)
    return schemas.PullRequest(number=made.number, url=made.url, compare_url=compares)


@resource.post(f"{PATH}/join", "Join a project whose repository you may read", answer=schemas.Joined, status=201)
async def join(call: Call) -> Answer:
    role = await call.services.joining.join(call.require_scope("write"), *call.project)
    return schemas.Joined(role=role.value)
