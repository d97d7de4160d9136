"""`firefly doctor`: what this machine offers, what it lacks, and what to do about it."""

import os
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from firefly.errors import FireflyError, InvalidInput, Unavailable
from firefly.settings import Settings, load

from .checks import Check
from .command import Cli, command
from .reaching import reachability

if TYPE_CHECKING:
    from firefly.sandbox.backend import Capabilities


# Days in which somebody may still do something about a certificate.
ENDS_SOON = 7


def register(app: typer.Typer) -> None:
    command(app)(doctor)


async def doctor(
    cli: Cli,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what is wrong.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Neither names nor the running server.")] = False,
) -> None:
    """Look at this machine and at the way to it: tools, isolation, folders, certificates, DNS, the running server.

    Ends with 1 when something that is needed is missing.
    """
    settings = load()
    checks = [*tools(), *folders(settings), *hosts(settings), *certificates(settings)]
    told = {check.what for check in checks}
    checks += [check for check in await isolation(settings) if check.what not in told]
    checks += [await languages(settings), *await building(settings)]
    if not offline:
        checks += [check async for check in reachability(settings)]
    shown = [check for check in checks if not (quiet and check.ok)]
    columns = {
        "": lambda c: "ok" if c.ok else "MISSING" if c.needed else "note",
        "WHAT": lambda c: c.what,
        "FOUND": lambda c: c.found,
        "WHAT TO DO": lambda c: c.remedy,
    }
    cli.table(shown, columns, "Nothing is missing.")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(1)


def tools() -> Iterable[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(what="Python", ok=sys.version_info >= (3, 11), found=version, remedy="", needed=True)
    yield _tool("git", "apt install git", needed=True)
    yield _tool("bwrap", "apt install bubblewrap; without it only administrators' projects run")
    yield _tool("slirp4netns", "apt install slirp4netns; without it sandboxes have no network")


def _tool(name: str, remedy: str, *, needed: bool = False) -> Check:
    found = shutil.which(name)
    return Check(what=name, ok=found is not None, found=found or "-", remedy="" if found else remedy, needed=needed)


def folders(settings: Settings) -> Iterable[Check]:
    folder = settings.data_dir
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    free = shutil.disk_usage(nearest).free >> 20
    remedy = "" if writable else "Choose another FIREFLY_DATA_DIR, or make it writable."
    yield Check(what="data folder", ok=writable, found=str(folder), remedy=remedy, needed=True)
    room = "" if free >= 1024 else "Projects and packages need room: free some."
    yield Check(what="free space", ok=free >= 1024, found=f"{free} MiB", remedy=room)


def hosts(settings: Settings) -> Iterable[Check]:
    """Whether app and previews are kept apart, and by https (decision 14)."""
    # The list of public suffixes is no concern of any other command.
    from firefly.tls.sites import concerns

    found = list(concerns(settings))
    for concern in found:
        yield Check(
            what=concern.what, ok=False, found=concern.detail, remedy=concern.remedy, needed=not concern.allowed
        )
    if not found:
        yield Check(what="app and previews", ok=True, found=f"{settings.url}, *.{settings.content_domain}")


def certificates(settings: Settings) -> Iterable[Check]:
    """Those that are given as files or ordered, and whether app and previews have one."""
    if not settings.encrypted:
        return
    # Cryptography is no concern of any other command.
    from firefly.adapters.tls import acme_folder, pairs, uncovered
    from firefly.tls.certificate import read
    from firefly.tls.renewal import standings

    had: list[str] = []
    for pair in pairs(settings):
        try:
            found = read(pair)
        except InvalidInput as error:
            remedy = "Mend FIREFLY_TLS_CERTIFICATES and FIREFLY_TLS_KEYS."
            yield Check(
                what=f"certificate {pair.certificate}", ok=False, found=error.detail, remedy=remedy, needed=True
            )
            continue
        had += found.names
        yield _lasting(f"certificate {pair.certificate}", found.ends, "Renew it.")
    known = {standing.names: standing for standing in standings(acme_folder(settings))}
    for name in uncovered(settings, had):
        standing = known.get((name,))
        if standing is not None and standing.reason:
            again = f"Mend it; it is tried again at {standing.next:%Y-%m-%d %H:%M}, or on SIGHUP."
            yield Check(what=f"certificate {name}", ok=False, found=standing.reason, remedy=again)
        elif standing is not None and standing.ends is not None:
            yield _lasting(f"certificate {name}", standing.ends, "See certificate.failed in the log.")
        else:
            remedy = "It is ordered when the server runs." if settings.acme_directory else "Add one that has this name."
            yield Check(what=f"certificate {name}", ok=False, found="none", remedy=remedy)


def _lasting(what: str, ends: datetime, remedy: str) -> Check:
    left = (ends - datetime.now(UTC)).days
    return Check(
        what=what, ok=left >= ENDS_SOON, found=f"until {ends:%Y-%m-%d}", remedy="" if left >= ENDS_SOON else remedy
    )


async def isolation(settings: Settings) -> list[Check]:
    """What sandboxes get here, found by trying to start one."""
    try:
        found = await _look(settings)
    except Unavailable as error:
        remedy = "Set FIREFLY_DOCKER_HOST, or start the engine."
        return [Check(what="sandboxes", ok=False, found=error.detail, remedy=remedy, needed=True)]
    isolated = Check(what="isolation", ok=found.isolated, found="yes" if found.isolated else "no")
    kept = [Check(what=f"{one.what} of sandboxes", ok=True, found=one.how) for one in found.protections]
    limits = kept or [Check(what="limits of sandboxes", ok=True, found=found.limits)]
    lacks = [Check(what=lack.what, ok=False, found=lack.consequence, remedy=lack.remedy) for lack in found.lacks]
    if not found.isolated and not lacks:
        isolated.remedy = "Only administrators' projects run here."
    elif not found.isolated:
        isolated.remedy = "See below."
    return [isolated, *limits, *lacks]


async def languages(settings: Settings) -> Check:
    """Which ones projects have here beside Node and Python; none of them is needed."""
    from firefly.sandbox.languages import LANGUAGES, missing, packages

    if settings.sandbox == "process":
        lacking = missing()
        remedy = f"apt install {' '.join(packages(lacking))}"
    else:
        there = await _of_image(settings)
        lacking = [name for name in LANGUAGES if name not in there]
        remedy = f"firefly admin image build --with {','.join(LANGUAGES)}"
    found = ", ".join(one.title for name, one in LANGUAGES.items() if name not in lacking)
    wanted = ", ".join(LANGUAGES[name].title for name in lacking)
    return Check(
        what="languages of sandboxes", ok=True, found=found or "-", remedy=f"For {wanted}: {remedy}" if lacking else ""
    )


async def _of_image(settings: Settings) -> tuple[str, ...]:
    """None where there is no engine to ask, which is told elsewhere."""
    # The engine's client is no concern of installations without it.
    from firefly.sandbox.docker import building as image
    from firefly.sandbox.docker.engine import Engine
    from firefly.sandbox.docker.images import Images

    engine = Engine(settings.docker_host)
    try:
        return await image.languages_of(Images(engine), settings.docker_image)
    except FireflyError:
        return ()
    finally:
        await engine.close()


async def building(settings: Settings) -> list[Check]:
    """Whether images can be built where there is an engine to build them, by which command and why by no other."""
    if settings.sandbox == "process":
        return []
    # Images are no concern of any other command.
    from firefly.builds.images import finding

    found = await finding.find()
    used = [f"{found.program} is used"] if found.program else []
    told = "; ".join([*used, *found.passed]) or "-"
    remedy = f"{found.remedy.rstrip('.')}; without it projects with a Dockerfile are not built" if found.remedy else ""
    return [Check(what="docker that builds", ok=bool(found.program), found=told, remedy=remedy)]


async def _look(settings: Settings) -> "Capabilities":
    # Sandboxes are no concern of any other command.
    from firefly.adapters import backends

    return await backends.look(settings)
