"""Decides what is run: firefly.yml, a Procfile, else what the files look like; and says why."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from firefly.bridge.detection import devcontainer, languages, node, python
from firefly.bridge.detection.devcontainer import DevContainer
from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.families import procfile, site
from firefly.protocol.activity import Wishes
from firefly.protocol.application import ApplicationKind
from firefly.protocol.errors import MANIFEST_NAME

if TYPE_CHECKING:
    from firefly.bridge.detection.watchfile import Watched
    from firefly.protocol.configured import Configured
    from firefly.protocol.manifest import Manifest

# What one might expect to count here, while it does for what is built alone: keys, and of sections single ones.
_ELSEWHERE = ("database", "dockerfile", "image")
_ELSEWHERE_OF = {"preview": ("access",)}
_WATCH_FILE = "watch.json"
_INSTALLING = ("package.json", "package-lock.json", "requirements.txt", "pyproject.toml")


def analyse(files: ProjectFiles, *, port: int, port_is_fixed: bool = False) -> Plan:
    """Raises ManifestError for a firefly.yml, what stands for one, or a watch.json that is wrong."""
    # Only here, since a sandbox is ready sooner without the schema (and YAML), which the bridge imports after that.
    from firefly.bridge.detection.watchfile import watched
    from firefly.protocol.configured import configured

    found = configured(files)
    container = devcontainer.read(files) if found.origin is None else None
    wanted = found.manifest.port or (container.port if container else None) or port
    counts = "watch" not in found.manifest.model_fields_set and files.has(_WATCH_FILE)
    by = watched(files, _INSTALLING) if counts else None
    plan = _with_manifest(_plan(files, found, port if port_is_fixed else wanted), found, files, by)
    return _with_container(plan, container, files) if container else plan


def _with_container(plan: Plan, container: DevContainer, files: ProjectFiles) -> Plan:
    """What it installs comes after what the files ask for by themselves."""
    inputs = (container.path, *(path for path in _INSTALLING if files.has(path)))
    install = tuple(InstallStep("Set up as devcontainer.json says", text, inputs, None) for text in container.install)
    command, notes = plan.command, container.notes
    if container.start and command:
        command = f"{{ {container.start}; }}; {command}"
    elif container.start:
        notes = (*notes, f"{container.path}: postStartCommand is not run, since nothing is started.")
    return replace(
        plan,
        install=(*plan.install, *install),
        command=command,
        env={**plan.env, **container.env},
        restart_on=(*plan.restart_on, container.path),
        notes=(*plan.notes, *notes),
    )


def _plan(files: ProjectFiles, found: "Configured", port: int) -> Plan:
    for name, commands in (("dev", found.manifest.dev), ("run", found.manifest.run)):
        if commands:
            build = _builds(found) if name == "run" else ()
            found_by = f"{found.origin} has {name}"
            command = " && ".join(commands)
            return Plan(ApplicationKind.SERVER, command, found_by, port, install=_installs(files), build=build)
    if web := procfile.processes(files.text(procfile.NAME)).get("web"):
        install, build = _installs(files), _builds(found)
        return Plan(ApplicationKind.SERVER, web, "the Procfile has web", port, install=install, build=build)
    for detect in (languages.detect_first, node.detect, python.detect, languages.detect):
        if plan := detect(files, port):
            return plan
    return _site(files, port)


def _site(files: ProjectFiles, port: int) -> Plan:
    folder = site.folder(files)
    if folder is not None:
        path = f"{folder}/{site.PAGE}" if folder else site.PAGE
        return Plan(ApplicationKind.STATIC, None, f"{path} is a page", port, folder=folder)
    found_by = f"there is no {MANIFEST_NAME}, package.json, index.html or application of a kind that is known"
    return Plan(ApplicationKind.NONE, None, found_by, port)


def _installs(files: ProjectFiles) -> tuple[InstallStep, ...]:
    return (*node.install_steps(files), *python.install_steps(files), *languages.install_steps(files))


def _builds(found: "Configured") -> tuple[InstallStep, ...]:
    """What is run as visitors see it is made as for them."""
    return tuple(InstallStep("Build", command, (), None, always=True) for command in found.manifest.build or ())


def _with_manifest(plan: Plan, found: "Configured", files: ProjectFiles, by: "Watched | None") -> Plan:
    manifest = found.manifest
    more = (*manifest.watch.install, *(by.install if by else ()))
    install = tuple(_with_inputs(step, more, files) for step in plan.install)
    if manifest.install is not None:
        install = _own_install(found, more, files)
    return replace(
        plan,
        install=install,
        env={**plan.env, **manifest.env},
        restart_on=(*plan.restart_on, *manifest.watch.restart, *_old(found)),
        restarts_by=by,
        inject=manifest.preview.inject,
        throttle=manifest.watch.throttle if by is None or by.throttle is None else by.throttle,
        notes=(*plan.notes, *_unused(found), *found.notes, *_unread(files, by)),
        wishes=_wishes(manifest),
    )


def _old(found: "Configured") -> tuple[str, ...]:
    """What stands for a firefly.yml; that one restarts whatever runs in any case."""
    return (found.origin,) if found.origin and found.origin != MANIFEST_NAME else ()


def _wishes(manifest: "Manifest") -> Wishes:
    idle, resources = manifest.idle, manifest.resources
    return Wishes(
        freeze=idle.freeze if idle else None,
        stop=idle.stop if idle else None,
        memory=resources.memory if resources else None,
        cpu=resources.cpu if resources else None,
        pids=resources.pids if resources else None,
        disk=resources.disk if resources else None,
    )


def _unused(found: "Configured") -> tuple[str, ...]:
    """A sentence that names the keys that do nothing, so that nobody waits for their effect."""
    manifest = found.manifest
    unused = [key for key in _ELSEWHERE if key in manifest.model_fields_set and getattr(manifest, key)]
    for section, keys in _ELSEWHERE_OF.items():
        given = getattr(getattr(manifest, section), "model_fields_set", ())
        unused += [f"{section}.{key}" for key in keys if key in given]
    named = ", ".join(sorted(unused))
    return (f"{found.origin}: only what is built heeds {named}.",) if unused else ()


def _unread(files: ProjectFiles, by: "Watched | None") -> tuple[str, ...]:
    if by is not None or not files.has(_WATCH_FILE):
        return ()
    return (f"{_WATCH_FILE} is not read, since there is a `watch` in {MANIFEST_NAME}.",)


def _with_inputs(step: InstallStep, more: Sequence[str], files: ProjectFiles) -> InstallStep:
    """Done again when what is watched for it has changed, too; a step without inputs is done once."""
    there = tuple(path for path in more if files.has(path) and path not in step.inputs) if step.inputs else ()
    return replace(step, inputs=(*step.inputs, *there))


def _own_install(found: "Configured", more: Sequence[str], files: ProjectFiles) -> tuple[InstallStep, ...]:
    paths = dict.fromkeys((*more, *_INSTALLING, found.origin))
    inputs = tuple(path for path in paths if path and files.has(path))
    return tuple(InstallStep("Install", command, inputs, None) for command in found.manifest.install or ())
