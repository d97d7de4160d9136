"""Decides what is run: firefly.yml, a Procfile, else what the files look like; and says why."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from firefly.bridge.detection import node, python
from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.protocol.application import ApplicationKind
from firefly.protocol.errors import MANIFEST_NAME

if TYPE_CHECKING:
    from firefly.protocol.manifest import Manifest

_ACTED_ON = frozenset({"install", "dev", "run", "port", "env", "preview", "watch"})
_PROCFILE_WEB = re.compile(r"^web:\s*(.+?)\s*$", re.MULTILINE)
_SITES = ("", "public", "site", "dist", "docs")


def analyse(files: ProjectFiles, *, port: int, port_is_fixed: bool = False) -> Plan:
    """Raises ManifestError for a firefly.yml that is wrong."""
    # Only here, since most sandboxes start without ever needing the schema (or YAML).
    from firefly.protocol.manifest import Manifest, parse

    text = files.text(MANIFEST_NAME)
    manifest = parse(text) if text is not None else Manifest()
    return _with_manifest(_plan(files, manifest, port if port_is_fixed else manifest.port or port), manifest, files)


def _plan(files: ProjectFiles, manifest: "Manifest", port: int) -> Plan:
    for name, commands in (("dev", manifest.dev), ("run", manifest.run)):
        if commands:
            found_by = f"{MANIFEST_NAME} has {name}"
            return Plan(ApplicationKind.SERVER, " && ".join(commands), found_by, port, install=_installs(files))
    if found := _PROCFILE_WEB.search(files.text("Procfile") or ""):
        return Plan(ApplicationKind.SERVER, found[1], "the Procfile has web", port, install=_installs(files))
    if plan := node.detect(files, port):
        return plan
    if plan := python.detect(files, port):
        return plan
    return _site(files, port)


def _site(files: ProjectFiles, port: int) -> Plan:
    for folder in _SITES:
        path = f"{folder}/index.html" if folder else "index.html"
        if files.has(path):
            return Plan(ApplicationKind.STATIC, None, f"{path} is a page", port, folder=folder)
    found_by = f"there is no {MANIFEST_NAME}, package.json, Python application or index.html"
    return Plan(ApplicationKind.NONE, None, found_by, port)


def _installs(files: ProjectFiles) -> tuple[InstallStep, ...]:
    return (*node.install_steps(files), *python.install_steps(files))


def _with_manifest(plan: Plan, manifest: "Manifest", files: ProjectFiles) -> Plan:
    unused = sorted(key for key in manifest.model_fields_set if key not in _ACTED_ON)
    notes = (f"{MANIFEST_NAME}: this version does not act on {', '.join(unused)} yet.",) if unused else ()
    install = plan.install
    if manifest.install is not None:
        install = _own_install(manifest, files)
    return replace(
        plan,
        install=install,
        env={**plan.env, **manifest.env},
        restart_on=tuple(manifest.watch.restart),
        inject=manifest.preview.inject,
        throttle=manifest.watch.throttle,
        notes=notes,
    )


def _own_install(manifest: "Manifest", files: ProjectFiles) -> tuple[InstallStep, ...]:
    known = ("package.json", "package-lock.json", "requirements.txt", "pyproject.toml", MANIFEST_NAME)
    inputs = tuple(path for path in (*manifest.watch.install, *known) if files.has(path))
    return tuple(InstallStep("Install", command, inputs, None) for command in manifest.install or ())
