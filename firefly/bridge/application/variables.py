"""The environment of an application: where to listen, which hosts to accept, its own tools first on the path."""

import os
import sys
from collections.abc import Sequence

from firefly.bridge.detection.plan import Plan
from firefly.bridge.environment import Environment

_QUIET_NPM = {"npm_config_audit": "false", "npm_config_fund": "false", "npm_config_update_notifier": "false"}


def variables(environment: Environment, plan: Plan, *, hosts: Sequence[str], url: str) -> dict[str, str]:
    """The project's secrets go before firefly.yml's `env`; last comes what the preview could not do without."""
    workspace = environment.workspace
    path = [str(workspace / ".venv/bin"), str(workspace / "node_modules/.bin"), environment.inherited["PATH"]]
    own = {
        "PATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
        "BROWSER": "none",
        "FIREFLY_PREVIEW_URL": url,
        "FIREFLY_BASE_PYTHON": base_python(),
        **_QUIET_NPM,
    }
    fixed = {"PORT": str(plan.port), "HOST": environment.host}
    if hosts:
        # Vite takes one host here, without port (vite/src/node/server/middlewares/hostCheck).
        fixed["__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS"] = hosts[0]
        fixed["RAILS_DEVELOPMENT_HOSTS"] = hosts[0]
    return environment.child(**{**own, **plan.env, **environment.secrets, **fixed})


def base_python() -> str:
    """The Python that Firefly runs on, not its virtual environment: projects make their own from it."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return str(base)
