"""A plan as JSON: as it stands in the row of a build, and as the API shows it."""

from dataclasses import fields
from typing import Any

from ..analysis import Cache, Plan


def to_json(plan: Plan) -> dict[str, Any]:
    """Every part under its name; of the configuration only what it says."""
    values = {field.name: getattr(plan, field.name) for field in fields(plan)}
    return {
        **{name: _plain(value) for name, value in values.items()},
        "strategy": plan.strategy.value,
        "dockerfile": plan.dockerfile.model_dump(mode="json") if plan.dockerfile else None,
        "caches": [_cache(cache) for cache in plan.caches],
        "configuration": plan.configuration.model_dump(mode="json", exclude_unset=True),
    }


def _cache(cache: Cache) -> dict[str, Any]:
    return {"folder": cache.folder, "keys": list(cache.keys), "filled_by": cache.filled_by.value}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if hasattr(value, "items") else value
