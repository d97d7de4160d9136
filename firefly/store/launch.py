"""Turns into one PostgreSQL program that runs as the owner of the cluster. Started by its path; imports little.

The only argument is a JSON object: `package` (where firefly lies), `binds` (name → path that the program needs),
`program` (arguments, `{last part of name}` standing for the visible path), `uid` and `gid` to become (absent: stay),
and `passwd` (name of a bind that replaces /etc/passwd, since initdb refuses a user without a name).
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
ROOT_REMEDY = (
    "As root, the embedded PostgreSQL needs the capabilities SYS_ADMIN, SETUID and SETGID to run under a user of its "
    "own. Run Firefly as an ordinary user, or set FIREFLY_DATABASE_URL."
)
USER_REMEDY = (
    "This user has no name in /etc/passwd, and none can be lent to it without user namespaces. Add the user, or set "
    "FIREFLY_DATABASE_URL."
)
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}


def main(request: dict[str, Any]) -> None:
    sys.path.insert(0, request["package"])
    from firefly import privileges

    paths = {name: Path(path) for name, path in request["binds"].items()}
    uid = request.get("uid")
    # What is staged has to be seen by the user that this process is about to become.
    os.umask(0o022)
    try:
        if uid is not None:
            paths = privileges.stage(paths)
        if request.get("passwd"):
            _name_user(paths[request["passwd"]], in_user_namespace=uid is None)
        if uid is not None:
            privileges.become(uid, request["gid"])
    except OSError as error:
        sys.exit(f"{error}. {ROOT_REMEDY if uid is not None else USER_REMEDY}")
    visible = {Path(name).name: path for name, path in paths.items()}
    program = [part.format(**visible) for part in request["program"]]
    os.chdir("/")
    os.umask(0o077)
    os.execve(program[0], program, ENVIRONMENT)


def _name_user(passwd: Path, *, in_user_namespace: bool) -> None:
    from firefly import privileges

    uid, gid = os.getuid(), os.getgid()
    if in_user_namespace:
        privileges.unshare(CLONE_NEWUSER | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        privileges.mount("none", "/", None, privileges.MS_REC | privileges.MS_PRIVATE)
    privileges.mount(str(passwd), "/etc/passwd", None, privileges.MS_BIND)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
