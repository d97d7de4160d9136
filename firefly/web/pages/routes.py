"""Every page of the app host, wired."""

from aiohttp import web

from .application import set_up_application_pages
from .connections import set_up_connections
from .entrance import set_up_entrance
from .github_app import set_up_github_app
from .help import set_up_help
from .preview import set_up_preview
from .sign_in import set_up_sign_in
from .sisters import set_up_sisters


def set_up_pages(app: web.Application) -> None:
    set_up_sign_in(app)
    set_up_preview(app)
    set_up_entrance(app)
    set_up_sisters(app)
    set_up_connections(app)
    set_up_github_app(app)
    set_up_help(app)
    set_up_application_pages(app)
