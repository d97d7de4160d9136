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
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}


def main(request: dict[str, Any]) -> None:
    sys.path.insert(0, request["package"])
    from firefly import privileges

    paths = {name: Path(path) for name, path in request["binds"].items()}
    uid = request.get("uid")
    if uid is not None:
        paths = _stage(paths)
    if request.get("passwd"):
        _name_user(paths[request["passwd"]], in_user_namespace=uid is None)
    if uid is not None:
        privileges.become(uid, request["gid"])
    visible = {Path(name).name: path for name, path in paths.items()}
    program = [part.format(**visible) for part in request["program"]]
    os.chdir("/")
    os.execve(program[0], program, ENVIRONMENT)


def _stage(paths: dict[str, Path]) -> dict[str, Path]:
    from firefly import privileges

    try:
        return privileges.stage(paths)
    except PermissionError:
        # A container's root may lack CAP_SYS_ADMIN; there the paths have to be open to others as they are.
        return paths


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
