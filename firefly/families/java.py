"""Java and its kin: who builds a project, and what it starts."""

from dataclasses import dataclass

from .tree import Tree

MAVEN, GRADLE = "pom.xml", ("build.gradle", "build.gradle.kts")


@dataclass(frozen=True, slots=True)
class Builder:
    """`program` is Maven's or Gradle's, the project's own where it has one; `folder` is where archives are put."""

    path: str
    program: str
    folder: str
    spring: bool

    @property
    def title(self) -> str:
        return "Spring Boot" if self.spring else "Java"

    @property
    def run(self) -> str:
        """Of several archives the one with everything in it is the largest."""
        options = " --server.port=$PORT --server.address=$HOST" if self.spring else ""
        return f'java -jar "$(ls -S {self.folder}/*.jar | head -n 1)"{options}'


def builder(tree: Tree) -> Builder | None:
    if tree.has(MAVEN):
        return _builder(tree, MAVEN, "sh mvnw" if tree.has("mvnw") else "mvn", "target")
    if path := tree.first(*GRADLE):
        return _builder(tree, path, "sh gradlew" if tree.has("gradlew") else "gradle", "build/libs")
    return None


def _builder(tree: Tree, path: str, program: str, folder: str) -> Builder:
    return Builder(path, program, folder, "spring-boot" in (tree.text(path) or ""))
