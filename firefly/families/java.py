"""Java and its kin: who builds a project, and what it starts."""

import re
from dataclasses import dataclass

from .tree import Tree

_WAR = re.compile(
    r"""<packaging>\s*+war\s*+<|^[ \t]*+(?:(?:id|apply[ \t]++plugin)[ \t:("']++)?war["')]?[ \t]*+$""", re.MULTILINE
)
MAVEN, GRADLE = "pom.xml", ("build.gradle", "build.gradle.kts")


@dataclass(frozen=True, slots=True)
class Builder:
    """`program` is Maven's or Gradle's, the project's own where it has one; `archives` is where they are put."""

    path: str
    program: str
    archives: str
    spring: bool

    @property
    def title(self) -> str:
        return "Spring Boot" if self.spring else "Java"

    @property
    def run(self) -> str:
        """Of several archives the one with everything in it is the largest."""
        options = " --server.port=$PORT --server.address=$HOST" if self.spring else ""
        return f'java -jar "$(ls -S {self.archives} | head -n 1)"{options}'


def builder(tree: Tree) -> Builder | None:
    if tree.has(MAVEN):
        return _builder(tree, MAVEN, "sh mvnw" if tree.has("mvnw") else "mvn", "target")
    if path := tree.first(*GRADLE):
        return _builder(tree, path, "sh gradlew" if tree.has("gradlew") else "gradle", "build/libs")
    return None


def _builder(tree: Tree, path: str, program: str, folder: str) -> Builder:
    text = tree.text(path) or ""
    ending = "war" if _WAR.search(text) else "jar"
    # Of several modules it is one of those below that runs.
    above = "*/" if "<modules>" in text else ""
    return Builder(path, program, f"{above}{folder}/*.{ending}", "spring-boot" in text)
