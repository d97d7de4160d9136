"""Makes an image by the project's Dockerfile, keeps it, and tests it in itself."""

from ..analysis import Plan, Strategy
from ..images.builder import ImageFailed
from ..images.keeping import Keeping
from ..images.making import Making
from ..images.running import instead
from ..making.workplaces import Workplaces, wishes
from ..model import Failure
from ..seams import BuildLog
from .command import test
from .strategy import BuildFailed, BuildStrategy, Job, Made


class DockerfileStrategy(BuildStrategy):
    def __init__(self, making: Making, keeping: Keeping, workplaces: Workplaces) -> None:
        self._making = making
        self._keeping = keeping
        self._workplaces = workplaces

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
            product = await self._keeping.add(image, job.build.hold)
            await step.say(f"{image.size / 1e6:.1f} MB: {image.id}")
        return Made(product, await self._test(job, log, image.id) if job.plan.test else None)

    async def _test(self, job: Job, log: BuildLog, image: str) -> Failure | None:
        """Why the tests failed. Each has a container of the image for itself, beside one sandbox for all."""
        await self._keeping.lend(image, job.build.hold)
        async with log.step("prepare") as step:
            workplace = await self._workplaces.claim(job.build, wishes(job.plan), step, ahead=False)
        try:
            failure = await test(job, log, workplace, instead)
        except BaseException:
            await self._workplaces.end(workplace)
            raise
        self._workplaces.remove(workplace)
        return failure


_STARTS_NOTHING = Failure(
    "pack", "The image does not say what is to be started.", "End the Dockerfile with CMD or ENTRYPOINT."
)
