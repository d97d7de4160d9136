"""Java and its kin, built by Maven or Gradle into one archive that runs."""

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families.java import MAVEN, Builder, builder


def detect(source: Source) -> Plan | None:
    found = builder(source)
    if found is None:
        return None
    build, cache = _by_maven(found) if found.path == MAVEN else _by_gradle(found, source)
    why = {
        "family": f"{found.path} names Spring Boot" if found.spring else f"there is a {found.path}",
        "build": f"{found.path} says how",
        "run": "the largest archive that was built has everything in it",
        "caches": "what is fetched depends on these files alone",
    }
    return Plan(
        Strategy.COMMANDS, found.title, "java", build=(build,), run=(found.run,), caches=(cache,), why=why
    )  # fmt: skip


def _by_maven(found: Builder) -> tuple[str, Cache]:
    build = f"{found.program} --batch-mode -DskipTests -Dmaven.repo.local=.m2-cache package"
    return build, Cache(".m2-cache", (MAVEN,), Part.BUILD)


def _by_gradle(found: Builder, source: Source) -> tuple[str, Cache]:
    build = f"{found.program} --no-daemon --gradle-user-home .gradle-cache build -x test"
    keys = tuple(key for key in (found.path, "gradle.lockfile") if source.has(key))
    return build, Cache(".gradle-cache", keys, Part.BUILD)
