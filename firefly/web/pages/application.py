"""The pages that React draws: dashboard, editor, account and settings. The server gives the shell and the facts."""

from dataclasses import replace
from urllib.parse import quote

from aiohttp import web

from firefly.errors import FireflyError, Moved, Unavailable
from firefly.projects import Action, Project

from ..context import identity_of
from ..presenters import account_answer, project_answer
from ..security import page_policy
from ..services import services_of
from ..templating import EDITOR_STYLES, embed, render

DASHBOARD_PAGES = ("/", "/new", "/bin", "/import", "/import/provider", "/upload", "/search")
ACCOUNT_PAGES = (
    "/account",
    "/account/connections",
    "/account/tokens",
    "/account/sessions",
    "/admin",
    "/admin/users",
    "/admin/audit",
    "/admin/builds",
    "/admin/front-door",
)

PROJECT_PAGES = ("/branches", "/builds", r"/builds/{number:\d+}", "/builds/hooks", "/builds/settings", "/settings")


def set_up_application_pages(app: web.Application) -> None:
    for path in DASHBOARD_PAGES:
        app.router.add_get(path, dashboard)
    app.router.add_get("/remix/{owner}/{name}", dashboard)
    for path in ACCOUNT_PAGES:
        app.router.add_get(path, account)
    app.router.add_get("/app/{owner}/{name}", editor)
    for path in PROJECT_PAGES:
        app.router.add_get(f"/app/{{owner}}/{{name}}{path}", project_pages)


async def dashboard(request: web.Request) -> web.StreamResponse:
    require_person(request)
    return await _shell(request, "dashboard", "Projects")


async def account(request: web.Request) -> web.StreamResponse:
    require_person(request)
    return await _shell(request, "account", "Account")


async def editor(request: web.Request) -> web.StreamResponse:
    project = await _own(request, await _project(request, ""))
    policy = page_policy(request, styles=EDITOR_STYLES)
    return await _shell(request, "editor", project.path, project=project, policy=policy)


async def project_pages(request: web.Request) -> web.StreamResponse:
    require_person(request)
    place = request.path.split("/", 4)[4]
    project = await _project(request, f"/{place}")
    # The terminal of a kept sandbox and the field for a configuration write style elements, as the editor does.
    policy = page_policy(request, styles=EDITOR_STYLES)
    return await _shell(request, "project", project.path, project=project, policy=policy)


def require_person(request: web.Request) -> None:
    """Whoever is nobody yet signs in first, and comes back."""
    if identity_of(request) is None:
        raise web.HTTPSeeOther(f"/auth/sign-in?next={quote(request.rel_url.raw_path_qs, safe='')}")


async def _project(request: web.Request, suffix: str) -> Project:
    """Renamed ones redirect for good; who is not signed in is asked to, whether it exists or not."""
    owner, name = request.match_info["owner"], request.match_info["name"]
    try:
        return await services_of(request).projects.get(identity_of(request), owner, name, Action.READ)
    except Moved as moved:
        raise web.HTTPMovedPermanently(f"/app/{moved.location}{suffix}") from None
    except FireflyError:
        require_person(request)
        raise


async def _own(request: web.Request, project: Project) -> Project:
    """With the caller's own workspace, where the address names it; the shared one is shown where it is not his."""
    member = request.query.get("workspace")
    if member is None:
        return project
    try:
        return await services_of(request).own.enter(identity_of(request), project, member)
    except Unavailable:
        # It is being filled: the page waits for it as for any that starts.
        return replace(project, member=member)
    except FireflyError:
        raise web.HTTPSeeOther(f"/app/{project.path}") from None


async def _shell(
    request: web.Request, entry: str, title: str, *, project: Project | None = None, policy: str | None = None
) -> web.Response:
    boot = embed(await boot_of(request, entry, project))
    return render(request, "shell.html", {"title": title, "entry": entry, "boot": boot}, policy=policy)


async def boot_of(request: web.Request, entry: str, project: Project | None) -> dict[str, object]:
    """What the page's script starts from; the rest it asks the API for."""
    services, identity = services_of(request), identity_of(request)
    settings = services.settings
    # Fresh from the table: the session's token may be minutes old.
    account = await services.accounts.get(identity.account.id) if identity else None
    return {
        "page": entry,
        "user": account_answer(account).model_dump(mode="json") if account else None,
        "urls": {"app": settings.url, "api": "/api/v1", "help": "/help", "signOut": "/auth/sign-out"},
        "contentDomain": settings.content_domain,
        "project": project_answer(services, project).model_dump(mode="json") if project else None,
        "workspace": project.member if project else "",
    }
