"""What the providers send, with the members and the nesting that they publish, trimmed to what is of use here.

Each is made for a repository `acme/site`; `sign` adds the fields that come with it.
"""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

from .datacenter_payloads import datacenter_pull, datacenter_push

ZEROS = "0" * 40


def _github_repository(path: str = "acme/site", number: int = 186853002) -> dict[str, Any]:
    owner, _, name = path.partition("/")
    return {
        "id": number,
        "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=",
        "name": name,
        "full_name": path,
        "private": True,
        "owner": {"login": owner, "id": 21031067, "type": "Organization"},
        "html_url": f"https://github.com/{path}",
        "clone_url": f"https://github.com/{path}.git",
        "fork": number != 186853002,
        "default_branch": "main",
        "pushed_at": 1557933657,
    }


SENDER = {"login": "Codertocat", "id": 21031067, "type": "User", "site_admin": False}


def github_push(ref: str, before: str, after: str, *, forced: bool = False) -> dict[str, Any]:
    head = None if after == ZEROS else {"id": after, "message": "Update", "timestamp": "2019-05-15T15:20:41Z"}
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": before == ZEROS,
        "deleted": after == ZEROS,
        "forced": forced,
        "base_ref": None,
        "compare": "https://github.com/acme/site/compare/6113728f27ae...000000000000",
        "commits": [head] if head else [],
        "head_commit": head,
        "repository": _github_repository(),
        "pusher": {"name": "Codertocat", "email": "21031067+Codertocat@users.noreply.github.com"},
        "sender": SENDER,
    }


def github_pull(action: str, number: int, head: str, *, fork: str | None = None, **more: Any) -> dict[str, Any]:
    source = _github_repository(fork, 7) if fork else _github_repository()
    pull = {
        "id": 279147437,
        "number": number,
        "state": "open",
        "locked": False,
        "title": "Update the README with new information.",
        "user": SENDER,
        "html_url": f"https://github.com/acme/site/pull/{number}",
        "draft": False,
        "merged": False,
        "head": {"label": "Codertocat:changes", "ref": "changes", "sha": head, "user": SENDER, "repo": source},
        "base": {"label": "acme:main", "ref": "main", "sha": "f" * 40, "user": SENDER, "repo": _github_repository()},
    }
    return {
        "action": action,
        "number": number,
        "pull_request": pull | more,
        "repository": _github_repository(),
        "sender": SENDER,
    }


def github_repository(action: str, path: str = "acme/site") -> dict[str, Any]:
    return {"action": action, "repository": _github_repository(path), "sender": SENDER}


def gitea_push(ref: str, before: str, after: str, *, forced: bool = False) -> dict[str, Any]:
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "compare_url": f"http://localhost:3000/acme/site/compare/{before}...{after}",
        "commits": [{"id": after, "message": "Webhooks Yay!", "timestamp": "2017-03-13T13:52:11-04:00"}],
        "total_commits": 1,
        "head_commit": {"id": after, "message": "Webhooks Yay!"},
        "repository": _github_repository(number=140) | {"empty": False, "default_branch": "main"},
        "pusher": {"id": 1, "login": "gitea", "username": "gitea"},
        "sender": {"id": 1, "login": "gitea", "username": "gitea"},
    }


def gitea_delete(name: str, kind: str = "branch") -> dict[str, Any]:
    return {
        "ref": name,
        "ref_type": kind,
        "pusher_type": "user",
        "repository": _github_repository(number=140),
        "sender": {"id": 1, "login": "gitea", "username": "gitea"},
    }


def gitea_pull(action: str, number: int, head: str, **more: Any) -> dict[str, Any]:
    return github_pull(action, number, head, **more) | {"secret": "", "commit_id": "", "review": None}


def gitlab_push(ref: str, before: str, after: str, *, forced: bool = False) -> dict[str, Any]:
    kind = "tag_push" if ref.startswith("refs/tags/") else "push"
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": before,
        "after": after,
        "ref": ref,
        "ref_protected": True,
        "checkout_sha": None if after == ZEROS else after,
        "user_id": 4,
        "user_name": "John Smith",
        "user_username": "jsmith",
        "user_email": "john@example.com",
        "project_id": 15,
        "project": {
            "id": 15,
            "name": "Site",
            "web_url": "http://example.com/acme/site",
            "git_ssh_url": "git@example.com:acme/site.git",
            "git_http_url": "http://example.com/acme/site.git",
            "namespace": "Acme",
            "visibility_level": 0,
            "path_with_namespace": "acme/site",
            "default_branch": "main",
        },
        "commits": [],
        "total_commits_count": 0,
    }


def gitlab_pull(action: str, number: int, head: str, *, fork: str | None = None, **more: Any) -> dict[str, Any]:
    attributes = {
        "id": 99,
        "iid": number,
        "target_branch": "main",
        "source_branch": "ms-viewport",
        "source_project_id": 14 if fork else 15,
        "target_project_id": 15,
        "author_id": 51,
        "title": "MS-Viewport",
        "state": "opened",
        "merge_status": "unchecked",
        "url": f"http://example.com/acme/site/merge_requests/{number}",
        "source": {"name": "Site", "git_http_url": f"http://example.com/{fork or 'acme/site'}.git"},
        "target": {"name": "Site", "git_http_url": "http://example.com/acme/site.git"},
        "last_commit": {"id": head, "message": "fixed readme", "timestamp": "2012-01-03T23:36:29+02:00"},
        "work_in_progress": False,
        "action": action,
    }
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": {"id": 1, "name": "Administrator", "username": "root"},
        "project": {"id": 15, "path_with_namespace": "acme/site"},
        "object_attributes": attributes | more,
        "labels": [],
        "changes": {},
    }


BITBUCKET_ACTOR = {"type": "user", "nickname": "evzijst", "display_name": "Erik", "uuid": "{a54f16da}"}


def _bitbucket_repository(path: str = "acme/site") -> dict[str, Any]:
    return {
        "type": "repository",
        "links": {"html": {"href": f"https://bitbucket.org/{path}"}},
        "uuid": "{673a6070-3421-46c9-9d48-90745f7bfe8e}",
        "full_name": path,
        "name": path.partition("/")[2],
        "scm": "git",
        "is_private": True,
    }


def bitbucket_push(ref: str, before: str, after: str, *, forced: bool = False) -> dict[str, Any]:
    kind, name = ("tag" if "/tags/" in ref else "branch"), ref.split("/", 2)[2]

    def end(commit: str) -> dict[str, Any] | None:
        target = {"type": "commit", "hash": commit, "message": "new commit", "date": "2015-06-09T03:34:49+00:00"}
        return None if commit == ZEROS else {"type": kind, "name": name, "target": target}

    change: dict[str, Any] = {
        "new": end(after),
        "old": end(before),
        "created": before == ZEROS,
        "closed": after == ZEROS,
        "forced": forced,
        "truncated": False,
        "commits": [],
    }
    return {"actor": BITBUCKET_ACTOR, "repository": _bitbucket_repository(), "push": {"changes": [change]}}


def bitbucket_pull(state: str, number: int, head: str, *, fork: str | None = None) -> dict[str, Any]:
    pull = {
        "type": "pullrequest",
        "id": number,
        "title": "Title of pull request",
        "description": "Description of pull request",
        "state": state,
        "author": BITBUCKET_ACTOR,
        "source": {
            "branch": {"name": "branch2"},
            "commit": {"hash": head[:12]},
            "repository": _bitbucket_repository(fork or "acme/site"),
        },
        "destination": {
            "branch": {"name": "main"},
            "commit": {"hash": "ce5965ddd289"},
            "repository": _bitbucket_repository(),
        },
        "links": {"html": {"href": f"https://bitbucket.org/acme/site/pull-requests/{number}"}},
    }
    return {"actor": BITBUCKET_ACTOR, "pullrequest": pull, "repository": _bitbucket_repository()}


PUSHES = {
    "github": github_push,
    "gitlab": gitlab_push,
    "bitbucket": bitbucket_push,
    "bitbucketdc": datacenter_push,
    "gitea": gitea_push,
}
EVENTS = {
    "github": {"push": "push", "pull": "pull_request"},
    "gitlab": {"push": "Push Hook", "pull": "Merge Request Hook"},
    "bitbucket": {"push": "repo:push", "pull": "pullrequest:created"},
    "bitbucketdc": {"push": "repo:refs_changed", "pull": "pr:opened"},
    "gitea": {"push": "push", "pull": "pull_request"},
}


def pull(provider: str, what: str, number: int, head: str, *, fork: str | None = None) -> tuple[str, dict[str, Any]]:
    """Event and payload of a pull request: `opened`, `synchronised`, `closed` or `merged`."""
    event = EVENTS[provider]["pull"]
    ends: dict[str, Any] = {"state": "closed", "merged": what == "merged"} if what in ("closed", "merged") else {}
    if provider in ("github", "gitea"):
        words = {"synchronised": "synchronize" if provider == "github" else "synchronized", "merged": "closed"}
        make = github_pull if provider == "github" else gitea_pull
        return event, make(words.get(what, what), number, head, fork=fork, **ends)
    if provider == "gitlab":
        words = {"opened": "open", "synchronised": "update", "closed": "close", "merged": "merge"}
        more: dict[str, Any] = {"oldrev": "e" * 40} if what == "synchronised" else {}
        more |= {"state": what} if what in ("closed", "merged") else {}
        return event, gitlab_pull(words[what], number, head, fork=fork, **more)
    if provider == "bitbucketdc":
        return datacenter_pull(what, number, head, fork=fork)
    words = {"opened": "created", "synchronised": "updated", "closed": "rejected", "merged": "fulfilled"}
    states = {"closed": "DECLINED", "merged": "MERGED"}
    return f"pullrequest:{words[what]}", bitbucket_pull(states.get(what, "OPEN"), number, head, fork=fork)


def sign(
    provider: str, event: str, payload: Any, secret: str, *, delivery: str = "", at: float | None = None
) -> tuple[dict[str, str], bytes]:
    """The fields and the body of the call; with `at` as GitLab signs it since it can."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    delivery = delivery or str(uuid4())
    digest = hmac.new(secret.encode(), body, hashlib.sha256)
    fields = {"Content-Type": "application/json"}
    if provider == "github":
        fields |= {
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery,
            "X-Hub-Signature-256": f"sha256={digest.hexdigest()}",
        }
    elif provider == "bitbucket":
        fields |= {
            "X-Event-Key": event,
            "X-Hook-UUID": str(uuid4()),
            "X-Request-UUID": delivery,
            "X-Attempt-Number": "1",
            "X-Hub-Signature": f"sha256={digest.hexdigest()}",
        }
    elif provider == "bitbucketdc":
        fields |= {
            "User-Agent": "Atlassian HttpClient",
            "X-Event-Key": event,
            "X-Request-Id": delivery,
            "X-Hub-Signature": f"sha256={digest.hexdigest()}",
        }
    elif provider == "gitea":
        fields |= {"X-Gitea-Event": event, "X-Gitea-Delivery": delivery, "X-Gitea-Signature": digest.hexdigest()}
    else:
        fields |= {"X-Gitlab-Event": event, "X-Gitlab-Event-UUID": delivery, "Idempotency-Key": delivery}
        fields |= {"X-Gitlab-Token": secret} if at is None else _standard(body, secret, delivery, at)
    return fields, body


def _standard(body: bytes, secret: str, delivery: str, at: float) -> dict[str, str]:
    signed = f"{delivery}.{int(at)}.".encode() + body
    mac = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": delivery, "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,{mac}"}
