"""Pages from Jinja templates. What each template of firefly/web/templates is given:

every one        `asset(entry)` (an assets.Asset), `static(name)` (an address), `app_url`, `user` (an Account or None),
                 `request`
shell.html       `title`, `entry` (dashboard, editor, account, builds), `boot` (JSON, for
                 `<script type="application/json" id="firefly-boot">{{ boot }}</script>`)
sign_in.html     `next`, `name`, `error` (a sentence or ""): a form that POSTs name, password, next to /auth/sign-in
link.html        `token`, `purpose` ("first-administrator", "sign-in"), `name`, `display_name`, `error`: a form that
                 POSTs name, display_name, password to /auth/link/<token>
accept.html      `project` (owner/name), `host`, `fields` (hidden inputs, name -> value): POSTs to /auth/preview
message.html     `status`, `title`, `detail`, `actions` (of `label`, `href`), `request_id`: errors and short news
access.html      `to`, `told` (a sentence or ""), `about` (the field that is wrong, or ""), `doors` (addresses of code,
                 password, ask, sign_in): content hosts
asked.html       `to`, `again` (seconds until it looks again): content hosts
knock.html       `action`: a button that takes a link: content hosts
github_app.html  `app` (an AppKeys or None), `hook`, `install` (addresses, the latter or None), `deliveries`
                 (AppDelivery), `name`, `error`: a form that POSTs name, organisation, public to /admin/github-app
github_app_begin.html  `url`, `manifest` (JSON), `permissions`: a form that POSTs manifest to GitHub
help.html        `title`, `content` (safe HTML), `pages` (of `title`, `href`, `current`, in order, under `section`)
"""

import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import hdrs, web
from markupsafe import Markup

from .assets import ASSETS
from .context import identity_of
from .hosts import custom_origin
from .security import CSP, page_policy
from .services import services_of

TEMPLATES = Path(__file__).parent / "templates"
EDITOR_STYLES = "'self' 'unsafe-inline'"


def set_up_templates(app: web.Application) -> None:
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    request: web.Request,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    policy: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A page with the strict policy, or with `policy`."""
    assets, identity = request.config_dict[ASSETS], identity_of(request)
    shared = {
        "asset": assets.asset,
        "static": assets.static,
        "request": request,
        "app_url": services_of(request).settings.url,
        "user": identity.account if identity else None,
    }
    response = aiohttp_jinja2.render_template(template, request, {**shared, **context}, status=status)
    response.headers.update(headers or {})
    leads_to = custom_origin(services_of(request), context.get("next"))
    response.headers[CSP] = policy or page_policy(request, leads_to=leads_to)
    response.headers.setdefault(hdrs.VARY, hdrs.COOKIE)
    return response


def render_plain(request: web.Request, template: str, context: Mapping[str, object]) -> str:
    """A page for content hosts: it knows nobody, and nothing of the app is there to be linked to."""
    return aiohttp_jinja2.get_env(request.app).get_template(template).render(context)


def embed(value: object) -> Markup:
    """JSON that no closing tag in it can break out of: data in the page, never a script."""
    text = json.dumps(value, default=str).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(text)
