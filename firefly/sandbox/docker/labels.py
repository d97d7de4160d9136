"""The labels by which all that is made in an engine is found again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from firefly.sandbox.backend import Instance

INSTALLATION, INSTANCE, WORKSPACE_ID = "firefly.installation", "firefly.instance", "firefly.workspace"
STARTED_AT = "firefly.started-at"


def labels(installation: str, instance: Instance) -> dict[str, str]:
    return {
        INSTALLATION: installation,
        INSTANCE: instance.id,
        WORKSPACE_ID: str(instance.workspace_id),
        STARTED_AT: str(instance.started_at.timestamp()),
    }


def instance_of(found: Mapping[str, str]) -> Instance:
    """From the labels that `labels` made. Raises KeyError, ValueError."""
    started_at = datetime.fromtimestamp(float(found[STARTED_AT]), UTC)
    return Instance(found[INSTANCE], UUID(found[WORKSPACE_ID]), started_at)
