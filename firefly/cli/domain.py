"""`firefly domain`: list, add, check, remove the aliases and custom domains of a project."""

from typing import Annotated

import typer

from firefly.client import FireflyClient
from firefly.client.domains import Domain

from .command import Cli, Failure, ProjectPath, command, resolve

app = typer.Typer(no_args_is_help=True, help="Further hosts of a project: aliases and custom domains.")
Host = Annotated[str, typer.Argument(help="As listed.")]


def _describe(domain: Domain) -> str:
    lines = [f"{domain.url}  ({domain.kind}, {domain.state})"]
    lines += [domain.reason] if domain.reason else []
    if domain.proof is not None and domain.state != "active":
        lines += ["Set this record in the DNS:", f"  {domain.proof.name}  {domain.proof.type}  {domain.proof.value}"]
    certificate = domain.certificate
    lines += [f"Certificate: {certificate.state}. {certificate.reason}".rstrip()] if domain.kind == "custom" else []
    return "\n".join(lines)


@command(app, "list")
async def list_domains(cli: Cli, project: ProjectPath) -> None:
    """List the domains of a project."""
    async with cli.client() as client:
        found = await client.domains(*await resolve(client, project)).all()
    columns = {
        "HOST": lambda d: d.host,
        "SHOWS": lambda d: f"port {d.port}" if d.port else "main port",
        "STATE": lambda d: d.state,
        "CERTIFICATE": lambda d: d.certificate.state,
        "REASON": lambda d: d.reason,
    }
    cli.table(found, columns, "There are no domains. `firefly domain add PROJECT HOST` adds one.")


@command(app)
async def add(
    cli: Cli,
    project: ProjectPath,
    host: Annotated[str, typer.Argument(help="A host, as in www.example.org, or one label for an alias.")],
    port: Annotated[int | None, typer.Option(help="Of the application. Default: its main one.")] = None,
) -> None:
    """Add an alias, which is in service at once, or a custom domain, and say how to prove it."""
    async with cli.client() as client:
        added = await client.domains(*await resolve(client, project)).add(host, port=port)
    cli.show(added, _describe(added))


@command(app)
async def check(cli: Cli, project: ProjectPath, host: Host) -> None:
    """Look for the proof of a custom domain now; ends with 1 where it is not in service."""
    async with cli.client() as client:
        path = await resolve(client, project)
        checked = await client.domains(*path).check((await _find(client, path, host)).id)
    cli.show(checked, _describe(checked))
    if checked.state not in ("active", "failing"):
        raise typer.Exit(1)


@command(app)
async def remove(cli: Cli, project: ProjectPath, host: Host) -> None:
    """Remove a domain; its host shows nothing any more."""
    async with cli.client() as client:
        path = await resolve(client, project)
        found = await _find(client, path, host)
        await client.domains(*path).remove(found.id)
    cli.show(found, f"{found.host} shows {'/'.join(path)} no longer.")


async def _find(client: FireflyClient, path: tuple[str, str], host: str) -> Domain:
    """Raises Failure for one that the project does not have."""
    wanted = host.lower().rstrip(".")
    for domain in await client.domains(*path).all():
        if domain.host == wanted or (domain.kind == "alias" and domain.host.partition(".")[0] == wanted):
            return domain
    raise Failure(f"{'/'.join(path)} has no domain {host}. `firefly domain list {'/'.join(path)}` shows them.")
