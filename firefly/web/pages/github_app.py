"""Where an administrator makes the installation's GitHub App, sees what it told, and forgets it."""

import json

from aiohttp import web

from firefly.errors import Conflict, InvalidInput
from firefly.linking.manifest import HOOK, LONGEST_NAME, MADE, PERMISSIONS

from .. import urls
from ..context import require_identity
from ..security import page_policy
from ..services import services_of
from ..templating import render
from .application import require_person
from .sign_in import form_of

PAGE = "/admin/github-app"


def set_up_github_app(app: web.Application) -> None:
    app.router.add_get(PAGE, show)
    app.router.add_post(PAGE, begin)
    app.router.add_get(MADE, come_back)
    app.router.add_post(f"{PAGE}/forget", forget)


async def show(request: web.Request) -> web.StreamResponse:
    require_person(request)
    return await _page(request)


async def begin(request: web.Request) -> web.StreamResponse:
    """What is to be posted to GitHub by the browser, whose owner agrees there."""
    form, identity = await form_of(request), require_identity(request)
    try:
        making = await services_of(request).app_making.begin(
            identity, name=form.get("name", ""), organisation=form.get("organisation", ""), public="public" in form
        )
    except (InvalidInput, Conflict) as error:
        return await _page(request, error=error.detail, status=422)
    parts = urls.split(making.url)
    policy = page_policy(request, leads_to=f"{parts.scheme}://{parts.netloc}")
    given = {"url": making.url, "manifest": json.dumps(making.manifest), "permissions": PERMISSIONS}
    return render(request, "github_app_begin.html", given, policy=policy)


async def come_back(request: web.Request) -> web.StreamResponse:
    """GitHub's page sends the browser here; the state in it was given to this session alone."""
    require_person(request)
    await services_of(request).app_making.complete(require_identity(request), request.query)
    raise web.HTTPSeeOther(PAGE)


async def forget(request: web.Request) -> web.StreamResponse:
    await services_of(request).app_making.forget(require_identity(request))
    raise web.HTTPSeeOther(PAGE)


async def _page(request: web.Request, *, error: str = "", status: int = 200) -> web.Response:
    services = services_of(request)
    try:
        app = await services.app_making.shown(require_identity(request))
    except Conflict as conflict:
        app, error = None, error or conflict.detail
    given = {
        "app": app,
        "error": error,
        "name": f"Firefly at {services.settings.app_host}"[:LONGEST_NAME],
        "hook": services.settings.url + HOOK,
        "install": await services.linked.app_page() if app else None,
        "deliveries": await services.app_news.list() if app else (),
    }
    return render(request, "github_app.html", given, status=status)
