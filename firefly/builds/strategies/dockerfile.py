"""Makes an image by the project's Dockerfile, and keeps it."""

from ..analysis import Plan, Strategy
from ..images.builder import ImageFailed
from ..images.keeping import Keeping
from ..images.making import Making
from ..model import Failure
from ..seams import BuildLog
from .strategy import BuildFailed, BuildStrategy, Job, Made


class DockerfileStrategy(BuildStrategy):
    def __init__(self, making: Making, keeping: Keeping) -> None:
        self._making = making
        self._keeping = keeping

    def suits(self, plan: Plan) -> bool:
        return plan.strategy is Strategy.DOCKERFILE

    async def base(self, plan: Plan) -> str:
        """What FROM names is the Dockerfile's own affair: who wants a newer one of the same name builds anew."""
        return "dockerfile"

    async def make(self, job: Job, log: BuildLog) -> Made:
        try:
            image = await self._making.make(job, log)
        except ImageFailed as failed:
            raise BuildFailed(failed.failure) from failed
        async with log.step("pack") as step:
            if not image.starts:
                raise BuildFailed(_STARTS_NOTHING)
            product = await self._keeping.add(image)
            await step.say(f"{image.size / 1e6:.1f} MB: {image.id}")
        return Made(product)


_STARTS_NOTHING = Failure(
    "pack", "The image does not say what is to be started.", "End the Dockerfile with CMD or ENTRYPOINT."
)
