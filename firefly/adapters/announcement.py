"""What the operator reads at start: where to go, what runs it, what it lacks, and the way in for the first time."""

import sys

from firefly.auth import FIRST_ADMINISTRATOR
from firefly.sandbox.backend import Capabilities
from firefly.settings import Settings

from .parts import Credentials

LINK_LIFETIME = 24 * 3600.0


async def announce(settings: Settings, credentials: Credentials, capabilities: Capabilities) -> None:
    """Print it to standard output; a one-time link only while there is no administrator."""
    lines = [
        f"Firefly serves at     {settings.url}",
        f"Previews are at       {settings.content_url('<label>')}",
        f"Everything is kept in {settings.data_dir}",
        f"Sandboxes             {settings.sandbox}, {'isolated' if capabilities.isolated else 'NOT ISOLATED'}",
    ]
    lines += [f"Missing: {lack.what}. {lack.consequence} Remedy: {lack.remedy}." for lack in capabilities.lacks]
    if await credentials.accounts.first_administrator() is None:
        token = await credentials.links.create(FIRST_ADMINISTRATOR, lifetime=LINK_LIFETIME)
        lines += ["", "Open this link once, within a day, to become the administrator:", ""]
        lines += [f"    {settings.url}/auth/link/{token}", ""]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
