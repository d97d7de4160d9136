"""What hooks tell, in our words."""

import json
from typing import Any

import pytest

from firefly.errors import InvalidInput
from firefly.git.providers.payloads import Happening, read, summary
from firefly.git.providers.payloads.audience import audience
from firefly.weighing import MOST_VALUES
from tests.builds.hooks.datacenter_payloads import datacenter_push, datacenter_repository
from tests.builds.hooks.payloads import (
    ZEROS,
    bitbucket_push,
    gitea_delete,
    github_pull,
    github_push,
    github_repository,
    gitlab_pull,
    gitlab_push,
)

REPOSITORY = {"repository": {"full_name": "acme/site", "uuid": "{1}"}}
GITLAB_PROJECT = {"path_with_namespace": "acme/new", "old_path_with_namespace": "acme/site", "project_id": 15}
GITLAB_MEMBER = {
    "created_at": "2020-12-11T04:57:22Z", "updated_at": "2020-12-12T08:48:19Z", "group_name": "webhook-test",
    "group_path": "webhook-test", "group_id": 100, "user_username": "eve", "user_name": "Eve", "user_id": 64,
    "group_access": "Guest", "group_plan": None, "expires_at": None, "event_name": "user_remove_from_group",
}  # fmt: skip


def told(provider: str, event: str, payload: Any) -> Happening | None:
    return read(provider, event, json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("provider", "event", "payload", "expected"),
    [
        ("github", "push", github_push("refs/tags/v1", "a" * 40, ZEROS), "push: deleted v1"),
        ("github", "push", github_push("refs/heads/a", ZEROS, "b" * 40) | {"sender": None}, "push: a"),
        ("github", "create", {"ref": "a/b", "ref_type": "branch", "master_branch": "main"}, "push: a/b"),
        ("github", "delete", {"ref": "v1", "ref_type": "tag", "pusher_type": "user"}, "push: deleted v1"),
        ("github", "pull_request", github_pull("edited", 3, "a" * 40), "pull request 3 edited"),
        ("github", "pull_request", github_pull("labeled", 3, "a" * 40), None),
        ("github", "repository", github_repository("privatized"), "repository made private: acme/site"),
        ("github", "repository", github_repository("archived"), "repository changed: acme/site"),
        ("github", "public", github_repository(""), "repository made public: acme/site"),
        ("github", "member", {"action": "added", "member": {"login": "eve"}}, "members changed: eve"),
        ("github", "team", {"action": "deleted", "organization": {"login": "acme", "id": 1}}, "members changed"),
        ("github", "installation", {"action": "deleted", "installation": {"id": 2}}, "App removed"),
        ("github", "installation_repositories", {"action": "added"}, "App changed"),
        ("github", "ping", {"zen": "Design for failure.", "hook_id": 1}, "ping"),
        ("github", "star", {"action": "created"}, None),
        ("gitlab", "Tag Push Hook", gitlab_push("refs/tags/v1", ZEROS, "b" * 40), "push: v1"),
        ("gitlab", "Push Hook", gitlab_push("refs/heads/a", "a" * 40, ZEROS), "push: deleted a"),
        ("gitlab", "Merge Request Hook", gitlab_pull("update", 7, "a" * 40), "pull request 7 edited"),
        ("gitlab", "Merge Request Hook", gitlab_pull("reopen", 7, "a" * 40), "pull request 7 reopened"),
        ("gitlab", "Merge Request Hook", gitlab_pull("approved", 7, "a" * 40), None),
        ("gitlab", "Merge Request Hook", gitlab_pull("open", 7, "a" * 40, last_commit=None), None),
        ("gitlab", "System Hook", {"event_name": "project_rename", **GITLAB_PROJECT}, "repository renamed: acme/new"),
        ("gitlab", "System Hook", {"event_name": "project_destroy", **GITLAB_PROJECT}, "repository deleted: acme/new"),
        ("gitlab", "System Hook", {"event_name": "user_remove_from_team"}, "members changed"),
        ("gitlab", "Member Hook", GITLAB_MEMBER, "members changed: eve"),
        (
            "gitlab",
            "System Hook",
            {"event_name": "project_update", "project_visibility": "visibilitylevel|private", **GITLAB_PROJECT},
            "repository made private: acme/new",
        ),
        (
            "gitlab",
            "System Hook",
            {"event_name": "project_update", "project_visibility": "public", **GITLAB_PROJECT},
            "repository changed: acme/new",
        ),
        ("gitlab", "Note Hook", {"object_kind": "note"}, None),
        ("bitbucket", "repo:push", bitbucket_push("refs/tags/v1", "a" * 40, ZEROS), "push: deleted v1"),
        ("bitbucket", "repo:push", bitbucket_push("refs/heads/a", ZEROS, "a" * 40) | {"actor": None}, "push: a"),
        ("bitbucket", "repo:deleted", REPOSITORY, "repository deleted: acme/site"),
        ("bitbucket", "repo:updated", {**REPOSITORY, "changes": {"name": {}}}, "repository renamed: acme/site"),
        ("bitbucket", "repo:updated", {**REPOSITORY, "changes": {"website": {}}}, "repository changed: acme/site"),
        ("bitbucket", "issue:created", REPOSITORY, None),
        ("bitbucketdc", "repo:refs_changed", datacenter_push("refs/tags/v1", "a" * 40, ZEROS), "push: deleted v1"),
        (
            "bitbucketdc",
            "repo:modified",
            {"old": datacenter_repository("acme/site"), "new": datacenter_repository("acme/new")},
            "repository renamed: acme/new",
        ),
        ("bitbucketdc", "proj:modified", {"old": {"key": "A"}, "new": {"key": "B"}}, "members changed"),
        ("bitbucketdc", "diagnostics:ping", {"test": True}, "ping"),
        ("bitbucketdc", "pr:comment:added", {"eventKey": "pr:comment:added"}, None),
        ("gitea", "delete", gitea_delete("gone"), "push: deleted gone"),
        ("gitea", "create", {"sha": "a" * 40, "ref": "new", "ref_type": "branch"}, "push: new"),
    ],
)
def test_a_payload_is_told_in_a_few_words(provider: str, event: str, payload: Any, expected: str | None) -> None:
    happening = told(provider, event, payload)
    assert (summary(happening) if happening else None) == expected


@pytest.mark.parametrize(
    "broken",
    [
        github_push("refs/heads/../a b", "a" * 40, "b" * 40),
        github_push("main", "a" * 40, "b" * 40),
        github_push("refs/heads/a", "a" * 40, "--upload-pack=x"),
        {"ref": "refs/heads/a"},
        [],
        "text",
    ],
)
def test_what_is_not_of_the_published_shape_is_refused(broken: Any) -> None:
    with pytest.raises(InvalidInput, match="not one of push"):
        told("github", "push", broken)


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_of_ever_so_many_values_none_is_read(provider: str) -> None:
    body = b'{"commits": [' + b"{}," * MOST_VALUES + b"{}]}"
    for reading in (lambda: read(provider, "push", body), lambda: audience("push", body)):
        with pytest.raises(InvalidInput, match="more than 200,000 values"):
            reading()
