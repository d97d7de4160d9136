"""Java and its kin, built by Maven or Gradle into one archive that runs."""

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source

_GRADLE = ("build.gradle", "build.gradle.kts")


def detect(source: Source) -> Plan | None:
    if source.has("pom.xml"):
        command = "sh mvnw" if source.has("mvnw") else "mvn"
        build = f"{command} --batch-mode -DskipTests -Dmaven.repo.local=.m2-cache package"
        return _plan(source, "pom.xml", build, "target", Cache(".m2-cache", ("pom.xml",), Part.BUILD))
    if path := source.first(*_GRADLE):
        command = "sh gradlew" if source.has("gradlew") else "gradle"
        build = f"{command} --no-daemon --gradle-user-home .gradle-cache build -x test"
        keys = tuple(key for key in (path, "gradle.lockfile") if source.has(key))
        return _plan(source, path, build, "build/libs", Cache(".gradle-cache", keys, Part.BUILD))
    return None


def _plan(source: Source, path: str, build: str, folder: str, cache: Cache) -> Plan:
    spring = "spring-boot" in (source.text(path) or "")
    # Of several archives the one with everything in it is the largest.
    archive = f'"$(ls -S {folder}/*.jar | head -n 1)"'
    options = " --server.port=$PORT --server.address=$HOST" if spring else ""
    why = {
        "family": f"{path} names Spring Boot" if spring else f"there is a {path}",
        "build": f"{path} says how",
        "run": "the largest archive that was built has everything in it",
        "caches": "what is fetched depends on these files alone",
    }
    return Plan(
        Strategy.COMMANDS, "Spring Boot" if spring else "Java", "java", build=(build,),
        run=(f"java -jar {archive}{options}",), caches=(cache,), why=why,
    )  # fmt: skip
