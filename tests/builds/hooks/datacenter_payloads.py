"""What Bitbucket Data Center sends, with the members and the nesting that it publishes."""

from typing import Any

ZEROS = "0" * 40
ACTOR = {
    "name": "admin", "emailAddress": "admin@example.com", "id": 1, "displayName": "Administrator", "active": True,
    "slug": "admin", "type": "NORMAL",
}  # fmt: skip
EVENTS = {"opened": "opened", "synchronised": "from_ref_updated", "closed": "declined", "merged": "merged"}
STATES = {"closed": "DECLINED", "merged": "MERGED"}


def datacenter_repository(path: str = "acme/site", number: int = 84) -> dict[str, Any]:
    project, _, slug = path.partition("/")
    return {
        "slug": slug,
        "id": number,
        "name": slug,
        "scmId": "git",
        "state": "AVAILABLE",
        "statusMessage": "Available",
        "forkable": True,
        "project": {"key": project, "id": 84, "name": project, "public": False, "type": "NORMAL"},
        "public": False,
    }


def datacenter_push(ref: str, before: str, after: str, *, forced: bool = False) -> dict[str, Any]:
    kind, name = ("TAG" if "/tags/" in ref else "BRANCH"), ref.split("/", 2)[2]
    change = {
        "ref": {"id": ref, "displayId": name, "type": kind},
        "refId": ref,
        "fromHash": before,
        "toHash": after,
        "type": "DELETE" if after == ZEROS else "ADD" if before == ZEROS else "UPDATE",
    }
    date = "2017-09-19T09:45:32+1000"
    return {
        "eventKey": "repo:refs_changed", "date": date, "actor": ACTOR, "repository": datacenter_repository(),
        "changes": [change],
    }  # fmt: skip


def datacenter_pull(what: str, number: int, head: str, *, fork: str | None = None) -> tuple[str, dict[str, Any]]:
    """Event and payload."""

    def end(name: str, commit: str, repository: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"refs/heads/{name}", "displayId": name, "latestCommit": commit, "repository": repository}

    event, source = f"pr:{EVENTS[what]}", datacenter_repository(fork, 7) if fork else datacenter_repository()
    pull = {
        "id": number,
        "version": 1,
        "title": "a new file added",
        "state": STATES.get(what, "OPEN"),
        "open": what not in STATES,
        "closed": what in STATES,
        "createdDate": 1505783860548,
        "updatedDate": 1505783860548,
        "fromRef": end("basic", head, source),
        "toRef": end("main", "f" * 40, datacenter_repository()),
        "locked": False,
        "author": {"user": ACTOR, "role": "AUTHOR", "approved": False, "status": "UNAPPROVED"},
        "reviewers": [],
        "participants": [],
    }
    return event, {"eventKey": event, "date": "2017-09-19T09:58:11+1000", "actor": ACTOR, "pullRequest": pull}
