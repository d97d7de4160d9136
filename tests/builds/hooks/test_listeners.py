"""What providers are told of builds: statuses, one comment for each pull request, deployments."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from firefly.builds.listeners import Comments, Deployments, Statuses, Telling
from firefly.builds.model import Build
from firefly.builds.seams import Notice
from firefly.errors import NotFound
from firefly.git.links import LinkState
from firefly.git.providers import PROVIDERS

from .conftest import Post

BUILD_URL = "http://firefly.test/app/ada/garden/builds"
STATES = {
    "github": ("pending", "pending", "success"),
    "gitea": ("pending", "pending", "success"),
    "gitlab": ("running", "running", "success"),
    "bitbucket": ("INPROGRESS", "INPROGRESS", "SUCCESSFUL"),
    "bitbucketdc": ("INPROGRESS", "INPROGRESS", "SUCCESSFUL"),
}


class Told:
    """The listeners, and builds that are brought into states."""

    def __init__(self, post: Post) -> None:
        self.post = post
        telling = Telling(
            post.yard.database, links=post.links, linked=post.linked, app_url="http://firefly.test",
            site_url=lambda label: f"http://{label}.preview.test",
        )  # fmt: skip
        self.statuses, self.deployments = Statuses(telling), Deployments(telling)
        self.comments = Comments(telling, post.yard.records)

    async def bring(self, build: Build, state: str, kind: str, **more: Any) -> None:
        """Into a state, and told to all three."""
        now = self.post.yard.clock.now()
        await self.post.yard.execute(
            "update builds set state = $2, started_at = $3, ended_at = $4, reason = $5, failure = $6 where id = $1",
            build.id, state, now - timedelta(seconds=34), now, more.get("reason", ""), more.get("failure"),
        )  # fmt: skip
        await self.tell(build, kind)

    async def tell(self, build: Build, kind: str) -> None:
        found = await self.post.yard.records.find(build.id)
        assert found is not None
        for listener in (self.statuses, self.comments, self.deployments):
            if kind in listener.kinds:
                await listener.heed(Notice(found, kind))

    async def show(self, build: Build, state: str = "live") -> None:
        await self.post.yard.execute(
            "insert into sites (id, project_id, build_id, shows, ref, label, state, reason, created_at) "
            "values ($1, $2, $3, 'ref', $4, $5, $6, 'It did not answer.', now())",
            uuid4(), build.project_id, build.id, build.ref, f"{build.branch}--garden--ada", state,
        )  # fmt: skip


@pytest.fixture
def told(post: Post) -> Told:
    return Told(post)


async def open_pull(post: Post) -> Build:
    """Number 4; called once more, it has changed."""
    await post.pull("opened", 4, await post.branch(f"{len(await post.builds())}"))
    return (await post.builds())[-1]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_commit_has_its_status_and_a_pull_request_one_comment(post: Post, told: Told) -> None:
    build = await open_pull(post)
    await told.tell(build, "queued")
    await told.bring(build, "running", "started")
    await told.bring(build, "succeeded", "ended")
    await told.show(build)
    await told.tell(build, "live")

    sent = post.repository.statuses
    assert tuple(one["state"] for one in sent) == STATES[post.provider]
    assert {one["commit"] for one in sent} == {build.commit}
    assert all(f"{BUILD_URL}/1" in one.values() for one in sent)
    assert sent[-1]["description"] == "Build 1 succeeded in 34.0 s."
    (comment,) = post.repository.comments.values()
    assert (comment["pull"], comment["changed"]) == (4, 3)
    assert "Site: http://pr-4--garden--ada.preview.test" in comment["text"]
    assert f"[Log of build 1]({BUILD_URL}/1)" in comment["text"]


@pytest.mark.parametrize("provider", ["github", "gitlab"])
async def test_a_deployment_begins_with_its_build_and_succeeds_with_its_site(post: Post, told: Told) -> None:
    build = await open_pull(post)
    await told.bring(build, "running", "started")
    await told.bring(build, "succeeded", "ended")
    await told.show(build)
    await told.tell(build, "live")
    await post.yard.execute("update sites set state = 'removed'")
    await told.tell(build, "gone")

    (deployment,) = post.repository.deployments.values()
    assert (deployment["environment"], build.commit in deployment.values()) == ("pr-4", True)
    words = [one if isinstance(one, str) else one["state"] for one in deployment["states"]]
    expected = (
        ("running", "success", "canceled") if post.provider == "gitlab" else ("in_progress", "success", "inactive")
    )
    assert tuple(dict.fromkeys(words)) == expected
    assert "http://pr-4--garden--ada.preview.test" in str([deployment, post.repository.environments])


async def test_a_failure_says_why_and_mentions_nobody(post: Post, told: Told) -> None:
    build = await open_pull(post)
    failure = {"step": "build", "cause": "@acme/all `npm run build` ended with 1. <img src=x>"}
    await told.bring(build, "failed", "ended", failure=failure)
    assert post.repository.statuses[-1]["state"] == "failure"
    assert post.repository.statuses[-1]["description"].startswith("Build 1 failed: @acme/all `npm run build`")
    (comment,) = post.repository.comments.values()
    assert "@acme" not in comment["text"]
    assert "<img" not in comment["text"].replace("\\<img", "")


async def test_only_the_newest_build_of_a_pull_request_is_shown_in_its_comment(post: Post, told: Told) -> None:
    first = await open_pull(post)
    await told.tell(first, "queued")
    second = await open_pull(post)
    await told.tell(second, "queued")
    await told.tell(first, "ended")
    (comment,) = post.repository.comments.values()
    assert (comment["changed"], "builds/2" in comment["text"]) == (1, True)
    assert post.repository.statuses[-1]["state"] == "error", "it was overtaken"


async def test_a_comment_that_was_removed_there_is_written_anew(post: Post, told: Told) -> None:
    build = await open_pull(post)
    await told.tell(build, "queued")
    post.repository.comments.clear()
    await told.tell(build, "started")
    assert len(post.repository.comments) == 1


async def test_what_is_not_wanted_is_not_told(post: Post, told: Told) -> None:
    await post.yard.execute(
        "insert into build_settings (project_id, commit_status, pull_request_comment, deployments) "
        "values ($1, false, false, false)",
        post.project_id,
    )
    build = await open_pull(post)
    before = len(post.server.calls)
    for kind in ("queued", "started", "ended", "live", "gone"):
        await told.tell(build, kind)
    assert len(post.server.calls) == before


async def test_a_refused_token_breaks_the_link_and_nothing_more_is_told(post: Post, told: Told) -> None:
    build = await open_pull(post)
    post.server.token = "another"
    await told.tell(build, "queued")
    link = await post.links.of_project(post.project_id)
    assert link is not None
    assert link.state is LinkState.BROKEN
    post.server.token = "provider-token"
    await told.tell(build, "queued")
    assert (post.repository.statuses, post.repository.comments) == ([], {})


async def test_what_the_provider_does_not_take_is_raised_so_that_it_is_told_again(post: Post, told: Told) -> None:
    build = await open_pull(post)
    build_of_nothing = await post.yard.ask(post.project_id, commit=build.commit)
    told.post.server.repositories.clear()
    with pytest.raises(NotFound, match="no such thing"):
        await told.tell(build_of_nothing, "queued")
