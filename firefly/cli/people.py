"""`firefly user list | create | role | audit` for administrators, and the members of projects."""

from typing import Annotated

import typer

from firefly.client.people import Deed, Member

from .command import Cli, ProjectPath, command, resolve

AccountName = Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")]


def register_users(app: typer.Typer) -> None:
    command(app, "list")(list_users)
    command(app)(create)
    command(app)(role)
    command(app)(audit)


def register_members(app: typer.Typer) -> None:
    command(app)(members)
    command(app)(add_member)
    command(app)(remove_member)
    command(app)(visibility)


async def list_users(cli: Cli) -> None:
    """List the accounts."""
    async with cli.client() as client:
        found = await client.people.users()
    columns = {
        "NAME": lambda u: u.name,
        "SHOWN AS": lambda u: u.display_name,
        "E-MAIL": lambda u: u.email or "",
        "ADMINISTRATOR": lambda u: "yes" if u.is_administrator else "",
        "SINCE": lambda u: f"{u.created_at:%Y-%m-%d}",
    }
    cli.table(found, columns, "There are none.")


async def create(
    cli: Cli,
    name: AccountName,
    display_name: Annotated[str, typer.Option(help="How others see it.")] = "",
    email: Annotated[str | None, typer.Option(help="For mail about builds that fail.")] = None,
    administrator: Annotated[bool, typer.Option("--administrator", help="May do everything.")] = False,
) -> None:
    """Make an account, and a link by which its owner chooses a password."""
    async with cli.client() as client:
        made = await client.people.create(name, display_name=display_name, email=email, is_administrator=administrator)
    cli.show(made, f"{made.account.name} can choose a password, once, at {made.sign_in_url}")


async def role(
    cli: Cli,
    name: AccountName,
    administrator: Annotated[bool, typer.Option("--administrator/--no-administrator", help="What it is to be.")],
) -> None:
    """Make an account an administrator, or take that away."""
    async with cli.client() as client:
        changed = await client.people.set_role(name, is_administrator=administrator)
    cli.show(changed, f"{changed.name} is {'an' if changed.is_administrator else 'no'} administrator now.")


async def audit(
    cli: Cli,
    name: Annotated[str | None, typer.Argument(help="Only what this account did.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest of them.")] = 50,
) -> None:
    """Tell who did what, the newest first."""
    found: list[Deed] = []
    async with cli.client() as client:
        async for deed in client.people.deeds():
            if name is None or deed.actor == name:
                found.append(deed)
            if len(found) == limit:
                break
    columns = {
        "AT": lambda d: f"{d.at.astimezone():%Y-%m-%d %H:%M:%S}",
        "WHO": lambda d: d.actor or "",
        "DID": lambda d: d.action,
        "TO": lambda d: d.resource,
        "FROM": lambda d: d.address or "",
    }
    cli.table(found, columns, "Nothing was done.")


async def members(cli: Cli, project: ProjectPath) -> None:
    """List the members of a project."""
    async with cli.client() as client:
        found = await client.people.members(*await resolve(client, project))
    columns = {"NAME": lambda m: m.name, "ROLE": lambda m: m.role, "SINCE": lambda m: f"{m.since:%Y-%m-%d}"}
    cli.table(found, columns, "It has none.")


def _tell(member: Member, project: str) -> str:
    return f"{member.name} is {member.role} of {project}."


async def add_member(
    cli: Cli,
    project: ProjectPath,
    name: AccountName,
    role: Annotated[str, typer.Option(help="`owner`, `maintainer`, `editor` or `viewer`.")] = "editor",
) -> None:
    """Add a member to a project, or change the role."""
    async with cli.client() as client:
        owner, path = await resolve(client, project)
        added = await client.people.put_member(owner, path, name, role)
    cli.show(added, _tell(added, f"{owner}/{path}"))


async def remove_member(cli: Cli, project: ProjectPath, name: AccountName) -> None:
    """Remove a member from a project."""
    async with cli.client() as client:
        await client.people.remove_member(*await resolve(client, project), name)
    cli.show({"removed": name}, f"{name} is no member any more.")


async def visibility(
    cli: Cli,
    project: ProjectPath,
    wanted: Annotated[str, typer.Argument(metavar="VISIBILITY", help="`members`, or `public`: for everybody.")],
) -> None:
    """Decide who may see a project, its files and its preview."""
    async with cli.client() as client:
        changed = await client.projects.change(*await resolve(client, project), {"visibility": wanted})
    cli.show(changed, f"{changed.path} is for {'everybody' if changed.visibility == 'public' else 'members'} now.")
