"""Decides what is run: firefly.yml, a Procfile, else what the files look like; and says why."""

from dataclasses import replace
from typing import TYPE_CHECKING

from firefly.bridge.detection import devcontainer, node, python
from firefly.bridge.detection.devcontainer import DevContainer
from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.families import procfile, site
from firefly.protocol.activity import Wishes
from firefly.protocol.application import ApplicationKind
from firefly.protocol.errors import MANIFEST_NAME

if TYPE_CHECKING:
    from firefly.protocol.manifest import Manifest

_ACTED_ON = frozenset({"caches", "install", "dev", "run", "port", "env", "preview", "watch", "idle", "resources"})
# Of sections that are acted on, what is not.
_NOT_YET = {"preview": ("access",)}
# What other tools of the house were told by.
_FOREIGN = (".stage1.yml", ".stage1.yaml", ".build.yml", ".build.yaml", "watch.json")
_INSTALLING = ("package.json", "package-lock.json", "requirements.txt", "pyproject.toml")


def analyse(files: ProjectFiles, *, port: int, port_is_fixed: bool = False) -> Plan:
    """Raises ManifestError for a firefly.yml that is wrong."""
    # Only here, since a sandbox is ready sooner without the schema (and YAML), which the bridge imports after that.
    from firefly.protocol.manifest import Manifest, parse

    text = files.text(MANIFEST_NAME)
    manifest = parse(text) if text is not None else Manifest()
    container = devcontainer.read(files) if text is None else None
    wanted = manifest.port or (container.port if container else None) or port
    plan = _with_manifest(_plan(files, manifest, port if port_is_fixed else wanted), manifest, files)
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


def _plan(files: ProjectFiles, manifest: "Manifest", port: int) -> Plan:
    for name, commands in (("dev", manifest.dev), ("run", manifest.run)):
        if commands:
            found_by = f"{MANIFEST_NAME} has {name}"
            return Plan(ApplicationKind.SERVER, " && ".join(commands), found_by, port, install=_installs(files))
    if web := procfile.processes(files.text(procfile.NAME)).get("web"):
        return Plan(ApplicationKind.SERVER, web, "the Procfile has web", port, install=_installs(files))
    if plan := node.detect(files, port):
        return plan
    if plan := python.detect(files, port):
        return plan
    return _site(files, port)


def _site(files: ProjectFiles, port: int) -> Plan:
    folder = site.folder(files)
    if folder is not None:
        path = f"{folder}/{site.PAGE}" if folder else site.PAGE
        return Plan(ApplicationKind.STATIC, None, f"{path} is a page", port, folder=folder)
    found_by = f"there is no {MANIFEST_NAME}, package.json, Python application or index.html"
    return Plan(ApplicationKind.NONE, None, found_by, port)


def _installs(files: ProjectFiles) -> tuple[InstallStep, ...]:
    return (*node.install_steps(files), *python.install_steps(files))


def _with_manifest(plan: Plan, manifest: "Manifest", files: ProjectFiles) -> Plan:
    install = tuple(_with_inputs(step, manifest, files) for step in plan.install)
    if manifest.install is not None:
        install = _own_install(manifest, files)
    return replace(
        plan,
        install=install,
        env={**plan.env, **manifest.env},
        restart_on=(*plan.restart_on, *manifest.watch.restart),
        inject=manifest.preview.inject,
        throttle=manifest.watch.throttle,
        notes=(*_unused(manifest), *_foreign(files)),
        wishes=_wishes(manifest),
    )


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


def _unused(manifest: "Manifest") -> tuple[str, ...]:
    """A sentence that names the keys that do nothing, so that nobody waits for their effect."""
    unused = [key for key in manifest.model_fields_set if key not in _ACTED_ON]
    for section, keys in _NOT_YET.items():
        given = getattr(getattr(manifest, section), "model_fields_set", ())
        unused += [f"{section}.{key}" for key in keys if key in given]
    return (f"{MANIFEST_NAME}: this version does not act on {', '.join(sorted(unused))} yet.",) if unused else ()


def _foreign(files: ProjectFiles) -> tuple[str, ...]:
    return tuple(f"{name} is not read: say in {MANIFEST_NAME} what it says." for name in _FOREIGN if files.has(name))


def _with_inputs(step: InstallStep, manifest: "Manifest", files: ProjectFiles) -> InstallStep:
    """Done again when what `watch.install` names has changed, too; a step without inputs is done once."""
    more = tuple(path for path in manifest.watch.install if files.has(path)) if step.inputs else ()
    return replace(step, inputs=(*step.inputs, *more))


def _own_install(manifest: "Manifest", files: ProjectFiles) -> tuple[InstallStep, ...]:
    inputs = tuple(path for path in (*manifest.watch.install, *_INSTALLING, MANIFEST_NAME) if files.has(path))
    return tuple(InstallStep("Install", command, inputs, None) for command in manifest.install or ())
