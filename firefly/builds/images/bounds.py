"""What the commands of all Dockerfiles may use together: limits of the group that the engine's BuildKit has for them.

BuildKit inside an engine takes no limits for one build, and that of Docker 20.10 no group for one either.
"""

from firefly.errors import FireflyError
from firefly.sandbox.docker import helping
from firefly.sandbox.docker.engine import Engine
from firefly.settings import Settings

_PERIOD = 100_000
# The container that carries this out is beside that group. Where systemd keeps an engine's groups, there is none.
_SCRIPT = """
set -eu
line=$(grep :memory: /proc/self/cgroup || grep ^0:: /proc/self/cgroup)
above=$(dirname "${{line#*:*:}}")
case $line in *.scope) echo "the engine has systemd keep its groups"; exit 1;; esac
if [ -d /groups/memory ]; then
  group=/groups/memory$above/buildkit
  mkdir -p $group
  # The second bounds memory and swap, and is never less than the first; not every kernel has it.
  with=$group/memory.memsw.limit_in_bytes
  if [ -e $with ]; then echo -1 > $with; fi
  echo {memory} > $group/memory.limit_in_bytes
  if [ -e $with ]; then echo {memory} > $with; fi
  group=/groups/cpu$above/buildkit
  mkdir -p $group
  echo {period} > $group/cpu.cfs_period_us
  echo {quota} > $group/cpu.cfs_quota_us
else
  group=/groups$above/buildkit
  mkdir -p $group
  echo {memory} | sed s/^-1$/max/ > $group/memory.max
  echo "{quota} {period}" | sed 's/^-1 /max /' > $group/cpu.max
fi
"""


class Bounds:
    """Set once, before the first build, for as many as run at one time; nothing where the settings name no limits."""

    def __init__(self, engine: Engine, settings: Settings, installation: str) -> None:
        self._engine = engine
        self._settings = settings
        self._installation = installation
        at_once = max(1, settings.builds_at_once)
        self._memory, self._cpu = settings.build_memory * at_once, settings.build_cpu * at_once
        self._lack = None if self._memory or self._cpu else ""

    @property
    def memory(self) -> int:
        """Bytes that they have together; 0 where nothing holds them."""
        return 0 if self._lack else self._memory

    async def ready(self) -> str:
        """Why they are not held though they should be; empty where they are, or need not be."""
        if self._lack is None:
            self._lack = await self._set()
        return self._lack

    async def _set(self) -> str:
        quota = int(self._cpu * _PERIOD) or -1
        script = _SCRIPT.format(memory=self._memory or -1, quota=quota, period=_PERIOD)
        host = {
            "NetworkMode": "none", "CgroupnsMode": "host", "UsernsMode": "host",
            "Binds": ["/sys/fs/cgroup:/groups"],
        }  # fmt: skip
        try:
            await helping.carry_out(self._engine, self._installation, self._settings.docker_image, script, host)
        except FireflyError as error:
            said = error.detail.rstrip(".")
            return f"Memory and processors of a Dockerfile's commands are bounded by the engine alone: {said}."
        return ""
