"""The service of one sandbox, as the engine's API wants it: its labels, its one container and what that may do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from firefly.sandbox.backend import Instance, Limits, SandboxSpec
from firefly.sandbox.docker.contents import USER as IMAGE_USER
from firefly.sandbox.docker.labels import INSTALLATION, INSTANCE, labels
from firefly.sandbox.mounts import GATEWAY, HOME, USER, WORKSPACE

from . import entrance

PORT = 7070
HANDED = "/run/secrets/firefly"
# More than the bridge takes to save what was edited last.
GRACE_SECONDS = 8
SECOND = 1_000_000_000
TEMPORARY = "/tmp"
GATEWAY_SIZE = 1 << 20
# Wherever the image has its Python from, it is found here.
PYTHON = ("/opt/firefly/bin/python", "-s", "-P", "-m")
# What the entrance needs until the bridge runs, which has none of them.
CAPABILITIES = ("NET_ADMIN", "NET_RAW", "SETUID", "SETGID", "SETPCAP", "KILL", "DAC_READ_SEARCH")
LOG = {"Name": "json-file", "Options": {"max-size": "1m", "max-file": "2"}}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is started. `secret` is the engine's id of what it is handed, `refused` the networks that it must not reach.

    `command` may be empty: the bridge.
    """

    installation: str
    instance: Instance
    spec: SandboxSpec
    image: str
    secret: str
    constraints: Sequence[str]
    refused: Sequence[str] = ()
    command: Sequence[str] = ()


def name(instance_id: str) -> str:
    """Of the service, and of its secret and network."""
    return f"firefly-{instance_id}"


def body(plan: Plan) -> dict[str, Any]:
    """Of the call that creates the service. It is never restarted: whoever starts it anew hands it a new epoch."""
    called = name(plan.instance.id)
    return {
        "Name": called,
        "Labels": labels(plan.installation, plan.instance),
        "Mode": {"Replicated": {"Replicas": 1}},
        "TaskTemplate": {
            "ContainerSpec": _container(plan),
            "Resources": {"Limits": _limits(plan.spec.limits)},
            "RestartPolicy": {"Condition": "none"},
            "Placement": {"Constraints": list(plan.constraints)},
            "Networks": [{"Target": called}],
            "LogDriver": LOG,
        },
        # Host mode: the node's own address, without a virtual one that every other node would have to know.
        "EndpointSpec": {
            "Mode": "dnsrr",
            "Ports": [{"Protocol": "tcp", "TargetPort": PORT, "PublishMode": "host"}],
        },
    }


def network(installation: str, instance_id: str) -> dict[str, Any]:
    """Of a network that only this sandbox is in, so that no neighbour is on it."""
    return {
        "Name": name(instance_id),
        "Driver": "overlay",
        "CheckDuplicate": True,
        "Labels": {INSTALLATION: installation, INSTANCE: instance_id},
    }


def _container(plan: Plan) -> dict[str, Any]:
    return {
        "Image": plan.image,
        "Labels": labels(plan.installation, plan.instance),
        "Hostname": "sandbox",
        "Command": [*PYTHON, entrance.__name__],
        "Args": [*(plan.command or (*PYTHON, "firefly.bridge"))],
        "User": "0:0",
        "Dir": WORKSPACE,
        "Env": [f"{key}={value}" for key, value in environment(plan).items()],
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "CapabilityAdd": [f"CAP_{name}" for name in CAPABILITIES],
        # The engine turns IPv6 off altogether where a network has none; programs that listen on ::1 need it.
        "Sysctls": {"net.ipv6.conf.lo.disable_ipv6": "0"},
        "StopSignal": "SIGTERM",
        "StopGracePeriod": GRACE_SECONDS * SECOND,
        "Mounts": _mounts(),
        "Secrets": [_secret(plan)],
    }


def _mounts() -> list[dict[str, Any]]:
    """Volumes without a name end with their container: what is to be found again is restored."""
    gateway = {"Type": "tmpfs", "Target": GATEWAY, "TmpfsOptions": {"SizeBytes": GATEWAY_SIZE}}
    return [*({"Type": "volume", "Target": target} for target in (WORKSPACE, HOME, TEMPORARY)), gateway]


def _entrance(plan: Plan) -> str:
    limits = plan.spec.limits
    return json.dumps(
        {
            "refused": list(plan.refused),
            "user": IMAGE_USER,
            "open": GATEWAY,
            "folders": [WORKSPACE, HOME, TEMPORARY],
            "open_files": limits.open_files,
            "memory": limits.memory,
            "disk": limits.disk,
            "files": limits.files,
        }
    )


def _secret(plan: Plan) -> dict[str, Any]:
    file = {"Name": HANDED, "UID": str(IMAGE_USER), "GID": str(IMAGE_USER), "Mode": 0o400}
    return {"SecretID": plan.secret, "SecretName": name(plan.instance.id), "File": file}


def _limits(limits: Limits) -> dict[str, int]:
    return {"MemoryBytes": limits.memory, "NanoCPUs": int(limits.cpu * SECOND), "Pids": limits.pids}


def environment(plan: Plan) -> dict[str, str]:
    """What everybody may see who may ask the engine; the rest is in the secret."""
    return {
        "HOME": HOME,
        "USER": USER,
        "LOGNAME": USER,
        "SHELL": "/bin/bash",
        "TMPDIR": TEMPORARY,
        "FIREFLY_HANDED": HANDED,
        "FIREFLY_BRIDGE_PORT": str(PORT),
        "FIREFLY_WORKSPACE": WORKSPACE,
        "FIREFLY_WORKSPACE_ID": str(plan.spec.workspace_id),
        "FIREFLY_GATEWAY": GATEWAY,
        # Not among the arguments, which everybody inside may read.
        entrance.VARIABLE: _entrance(plan),
    }
