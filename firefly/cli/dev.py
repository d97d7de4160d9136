"""`firefly dev cert`: https on the developer's own machine, by a local authority."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from firefly.addresses import host_name, is_loopback
from firefly.settings import Settings, load

from .command import Cli, command
from .credentials import config_folder

app = typer.Typer(help="What helps to develop, on one's own machine.", no_args_is_help=True)

TRUST = (
    (
        "Debian, Ubuntu",
        "sudo cp {root} /usr/local/share/ca-certificates/firefly-local.crt && sudo update-ca-certificates",
    ),
    ("Chromium on Linux", "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n firefly-local -i {root}"),
    (
        "macOS",
        "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {root}",
    ),
    ("Windows", "certutil -addstore -f ROOT {root}"),
    ("Firefox", "Settings, Privacy & Security, View Certificates, Authorities, Import: {root}"),
    ("firefly, Python", "export SSL_CERT_FILE={root}"),
    ("Node", "export NODE_EXTRA_CA_CERTS={root}"),
)


class Made(BaseModel):
    """What `firefly dev cert` made; `settings` are those to start the server with."""

    root: Path
    made_authority: bool
    certificate: Path
    key: Path
    names: Sequence[str]
    ends: datetime
    settings: dict[str, str]


@command(app, "cert")
async def cert(
    cli: Cli,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to. Default: `tls` in the data folder.")
    ] = None,
    authority: Annotated[
        Path | None, typer.Option("--authority", help="The authority's folder. Default: one for this user.")
    ] = None,
    new_authority: Annotated[bool, typer.Option("--new-authority", help="Make a new authority.")] = False,
) -> None:
    """Make a certificate for the app's host and all previews, by a local authority that is made when there is none."""
    made = await asyncio.to_thread(_make, load(), folder, authority, new_authority)
    cli.show(made, _text(made))


def _make(settings: Settings, folder: Path | None, authority: Path | None, new: bool) -> Made:
    # Cryptography is no concern of any other command.
    from firefly.tls import Pair
    from firefly.tls.authority import Authority

    names = _names(settings)
    home = (authority or config_folder() / "authority").absolute()
    signer = None if new else Authority.open(home)
    made = signer is None
    signer = signer or Authority.make(home, names)
    target = (folder or settings.data_dir / "tls").absolute()
    pair = Pair(target / "dev.pem", target / "dev.key")
    ends = signer.issue(pair, names)
    return Made(
        root=signer.root,
        made_authority=made,
        certificate=pair.certificate,
        key=pair.key,
        names=names,
        ends=ends,
        settings={
            "FIREFLY_URL": f"https://{settings.app_host}",
            "FIREFLY_CONTENT_DOMAIN": settings.content_domain,
            "FIREFLY_TLS_CERTIFICATES": str(pair.certificate),
            "FIREFLY_TLS_KEYS": str(pair.key),
        },
    )


def _names(settings: Settings) -> list[str]:
    app_name, content = (host_name(host) for host in (settings.app_host, settings.content_domain))
    local = ["127.0.0.1", "::1"] if is_loopback(settings.app_host) else []
    return list(dict.fromkeys([app_name, f"*.{content}", *local]))


def _text(made: Made) -> str:
    width = max(len(where) for where, _ in TRUST)
    trust = [f"  {where:<{width}}  {how.format(root=made.root)}" for where, how in TRUST]
    lines = [
        f"Authority    {made.root} ({'made now' if made.made_authority else 'used again'})",
        f"Certificate  {made.certificate}",
        f"Key          {made.key}",
        f"For          {', '.join(made.names)}",
        f"Until        {made.ends:%Y-%m-%d}",
        "",
        "Trust the authority once, where your browser looks:"
        if made.made_authority
        else "The authority is trusted by:",
        "",
        *trust,
        "",
        "Start the server with:",
        "",
        *(f"  export {name}={value}" for name, value in made.settings.items()),
    ]
    return "\n".join(lines)
