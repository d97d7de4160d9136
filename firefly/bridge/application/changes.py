"""Which changes of files matter to an application, and waiting for one that does."""

from collections.abc import Callable
from fnmatch import fnmatch

from firefly.bridge.detection.plan import Plan
from firefly.bridge.watcher import Batch, Subscription
from firefly.protocol.application import ApplicationKind
from firefly.protocol.errors import LEGACY_NAMES, MANIFEST_NAME

CONFIGURING = (MANIFEST_NAME, "watch.json")
_KINDS = ("composer.json", "index.php", "Gemfile", "config.ru", "go.mod", "Cargo.toml", "pom.xml", "build.gradle")
_ANALYSED = frozenset(
    {
        *(*CONFIGURING, *LEGACY_NAMES, *_KINDS),
        *("package.json", "Procfile", "index.html", "requirements.txt", "pyproject.toml"),
    }
)
# Not data files: a script that writes one would start itself anew for ever.
_SCRIPT_FILES = ("*.py", "requirements.txt", "pyproject.toml", MANIFEST_NAME)


async def until_changed(changes: Subscription, counts: Callable[[str], bool]) -> None:
    """Until a file changes that `counts`, or nobody knows what did."""
    while True:
        batch = await changes.next()
        if batch.missed or any(counts(path) for path in batch.changes):
            return


async def until_script_changed(changes: Subscription) -> None:
    await until_changed(changes, lambda path: any(fnmatch(path, pattern) for pattern in _SCRIPT_FILES))


def must_analyse(batch: Batch, plan: Plan) -> bool:
    """Whether the project may be another kind of application now."""
    top = {path for path in batch.changes if "/" not in path}
    nothing_yet = plan.kind is ApplicationKind.NONE
    return batch.missed or nothing_yet or any(path in _ANALYSED or path.endswith((".py", ".go")) for path in top)
