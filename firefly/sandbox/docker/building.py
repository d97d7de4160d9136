"""How the project image is made: upon a Debian tree where no registry is reached, else from the Dockerfile."""

import asyncio
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from firefly import __version__
from firefly.errors import InvalidInput
from firefly.sandbox import languages, runtimes
from firefly.settings import Settings

from . import contents, debian
from .images import KIND, Images

Tell = Callable[[str], None]

PYTHON, LANGUAGES = "firefly.python", "firefly.languages"
# The argument of the Dockerfile that names Debian's packages of languages.
PACKAGES = "PACKAGES"
DOCKERFILE_TARGET = "project"
# What a build from the Dockerfile needs of a checkout.
CHECKOUT = (
    "Dockerfile", "LICENSE", "README.md", "docs", "editor", "firefly", "migrations", "pyproject.toml",
    "requirements.lock", "setup.py",
)  # fmt: skip
LEFT_OUT = ("editor/node_modules", "firefly/web/static/editor")


def base_name(suite: str, having: Sequence[str] = ()) -> str:
    return f"firefly-base:{'-'.join((suite, *having))}"


async def languages_of(images: Images, name: str) -> tuple[str, ...]:
    """Those that the image has beside Node and Python; none where there is no such image."""
    return languages.named((await images.labels(name)).get(LANGUAGES, ""))


async def build_from_debian(
    images: Images, settings: Settings, *, having: Sequence[str], suite: str, mirror: str, again: bool, tell: Tell
) -> None:
    """The project image upon a Debian tree, which is made where there is none yet, or `again`.

    `having` are languages. An empty `suite` is this machine's Debian, an empty `mirror` where that has packages from.
    """
    suite = suite or debian.own_suite()
    base = base_name(suite, having)
    if again or await images.find(base) is None:
        packages = (*debian.NEEDED, *debian.TOOLS, *languages.packages(having))
        mirror = mirror or await debian.own_mirror(suite)
        await make_base(images, base, suite=suite, mirror=mirror, packages=packages, tell=tell)
    node = runtimes.find_node(settings.data_dir) if await runtimes.fetch_node(settings.data_dir) else None
    await build_on_base(images, base, settings.docker_image, having=having, node=node, tell=tell)


async def make_base(
    images: Images,
    name: str,
    *,
    suite: str,
    mirror: str,
    packages: Sequence[str],
    tell: Tell,
    keep: Path | None = None,
    work: Path | None = None,
) -> None:
    """Debian by debootstrap, as an image of this name. `keep`: where its archive is kept, and taken from.

    `work`: where a gigabyte lies meanwhile; None: the folder for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="firefly-base-", dir=work) as made:
        archive = keep or Path(made) / "base.tar"
        if not archive.exists():
            # Beside it: nothing is moved whole from one disk to another.
            tree, fresh = Path(made) / "tree", archive.with_suffix(".part")
            await debian.make(tree, suite=suite, mirror=mirror, packages=packages, tell=tell)
            _check_python(debian.python_of(tree))
            await debian.pack(tree, fresh)
            await asyncio.to_thread(fresh.replace, archive)
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        await images.load(archive, name, {KIND: "base", PYTHON: ours})


def _check_python(found: str) -> None:
    """The image's Python imports libraries that were built for this server's. Raises InvalidInput."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if found != ours:
        raise InvalidInput(f"The tree has Python {found}, and this server runs on {ours}: name another --suite.")


async def build_on_base(
    images: Images,
    base: str,
    name: str,
    *,
    node: Path | None,
    tell: Tell,
    having: Sequence[str] = (),
    work: Path | None = None,
) -> None:
    """The project image: the bridge, its libraries and Node upon `base`, which is `having` these languages.

    Raises InvalidInput, Unavailable."""
    labels = await images.labels(base)
    if PYTHON in labels:
        _check_python(labels[PYTHON])
    with tempfile.TemporaryDirectory(prefix="firefly-image-", dir=work) as made:
        context = Path(made) / "context.tar"
        await asyncio.to_thread(_gather, Path(made), base, node, context)
        await images.build(context, name, tell, labels=_labels(having))


def _gather(folder: Path, base: str, node: Path | None, context: Path) -> None:
    contents.gather(folder / "root", node)
    (folder / "Dockerfile").write_text(contents.recipe(base))
    with tarfile.open(context, "w") as archive:
        archive.add(folder / "Dockerfile", "Dockerfile")
        archive.add(folder / "root", "root", filter=_as_root)
        (folder / "empty").mkdir()
        archive.add(folder / "empty", "empty", filter=_as_root)


def _as_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever owns the checkout, in the image everything is root's and everybody may read it."""
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mode |= 0o555 if info.isdir() or info.mode & 0o100 else 0o444
    return info


async def build_from_dockerfile(
    images: Images, name: str, *, folder: Path, tell: Tell, having: Sequence[str] = ()
) -> None:
    """The project image by the Dockerfile's second target, from a checkout and registries."""
    if not (folder / "Dockerfile").exists():
        raise InvalidInput(f"There is no Dockerfile in {folder}: build in a checkout, or with --from-debootstrap.")
    with tempfile.TemporaryDirectory(prefix="firefly-image-") as made:
        context = Path(made) / "context.tar"
        await asyncio.to_thread(_pack_checkout, folder, context)
        arguments = {PACKAGES: " ".join(languages.packages(having))} if having else {}
        labels = _labels(having)
        await images.build(context, name, tell, target=DOCKERFILE_TARGET, labels=labels, arguments=arguments)


def _pack_checkout(folder: Path, context: Path) -> None:
    with tarfile.open(context, "w") as archive:
        for name in CHECKOUT:
            with suppress(FileNotFoundError):
                archive.add(folder / name, name, filter=_of_checkout)


def _of_checkout(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    left_out = info.name in LEFT_OUT or info.name.endswith("__pycache__")
    return None if left_out else _as_root(info)


def _labels(having: Sequence[str]) -> dict[str, str]:
    return {KIND: "project", contents.LABEL: __version__, LANGUAGES: ",".join(having)}
