"""One way to make an artifact of a tree: the interface, and what passes through it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..analysis import Plan
from ..making.tree import CommitTree
from ..model import Build, Failure, Product
from ..seams import BuildLog


class BuildFailed(Exception):
    """The project's own fault, or what somebody can do something about."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be made. `environment` is of every command; `secrets` are the project's, empty for a fork.

    `base` is what `BuildStrategy.base` said. `domain`: what is kept from one build to the next is shared within it.
    `ids` name the contents of the files that dependencies depend on, by their paths.
    """

    build: Build
    plan: Plan
    tree: CommitTree
    base: str
    domain: str
    environment: Mapping[str, str]
    ids: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """`tests`: why the tests failed, after which the product is neither routed nor releasable."""

    product: Product
    tests: Failure | None = None


class BuildStrategy(ABC):
    """Promises of every implementation:

    - A `make` that is cancelled, or fails, leaves nothing that runs, within a second.
    - Output goes to the log as it comes, each command in a step of its own.
    - Secrets are not in the product by its doing.
    """

    @abstractmethod
    def suits(self, plan: Plan) -> bool:
        """Whether it makes what the plan asks for; the first that does is taken."""

    @abstractmethod
    async def base(self, plan: Plan) -> str:
        """What it builds upon, by a digest or a version: another one where the same tree could turn out otherwise."""

    @abstractmethod
    async def make(self, job: Job, log: BuildLog) -> Made:
        """Build, test, and add the product to the artifacts.

        Raises BuildFailed, and what the parts that it uses raise where they are away.
        """
