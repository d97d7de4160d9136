"""A build in words, for a terminal."""

from firefly.client.build_models import Build, BuildStep


def describe(build: Build) -> str:
    head = f"{build.name}  {build.state.replace('_', ' ')}  {build.branch}  {build.commit[:10]}  {build.subject}"
    told = [head.rstrip(), *([f"  {build.reason}"] if build.reason else [])]
    if build.queue:
        place = f"  In place {build.queue.position} of the queue, for {build.queue.queued_seconds:.0f} s."
        told.append(f"{place} {build.queue.reason}".rstrip())
    told += map(_step, build.steps)
    if build.failure:
        cause = build.failure.cause if build.failure.cause != build.reason else ""
        told += [f"  {sentence}" for sentence in (cause, build.failure.remedy) if sentence]
        told += [f"    {line}" for line in build.failure.lines]
    told += _site(build)
    if build.kept_until:
        told.append(f"  Its sandbox is kept until {build.kept_until.astimezone():%H:%M}: `firefly build shell`.")
    return "\n".join(told)


def _site(build: Build) -> list[str]:
    site = build.site
    if site is None:
        return []
    if site.state == "failed":
        is_told = any(step.reason == site.reason for step in build.steps)
        return [
            "  Its site did not start." if is_told else f"  Its site did not start: {site.reason}",
            f"  What it printed: `firefly build log '{build.name}' --tail 30`",
        ]
    why = site.reason if site.state in ("starting", "stopped") else ""
    told = " ".join(filter(None, (site.url, why)))
    return [f"  {site.state}: {told}"] if told else []


def _step(step: BuildStep) -> str:
    took = f"{(step.ended_at - step.started_at).total_seconds():.1f} s" if step.ended_at else ""
    what = ": ".join(filter(None, (step.command, step.reason)))
    return f"  {step.name:10} {step.state:10} {took:>8} {what}".rstrip()
