"""Workspaces that lie on layers: the layers' files are seen as the workspace's own, and every change goes to its own.

Standard library only: runs in the supervisor's child before it gives up root, in mounts that nobody else sees. Layers
are owned by other users, so they are mounted with their owner seen as the workspace's: idmapped mounts, which overlayfs
takes since Linux 5.19. What overlayfs notes goes to trusted.* attributes, which nothing inside can set.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firefly import privileges

_FLAGS = privileges.MS_NOSUID | privileges.MS_NODEV
# A folder of a layer may be renamed; a file is copied as a whole at its first write, never by half.
_OPTIONS = "redirect_dir=on,index=off,metacopy=off,xino=off"
_PROBE_UID = 1862270976


def mount(plan: Mapping[str, Any]) -> None:
    """Mount a workspace at `at` from now on, in a mount namespace of the calling process. Needs root. Raises OSError.

    `layers` are path and owner, the uppermost first; `upper` and `work` lie on one file system; `stage` is an empty
    folder.
    """
    privileges.own_mounts()
    lower = []
    for number, (path, owner) in enumerate(plan["layers"]):
        place = Path(plan["stage"], str(number))
        place.mkdir()
        privileges.bind_as(Path(path), place, owner=owner, seen_as=plan["uid"])
        lower.append(f"/proc/self/fd/{os.open(place, os.O_PATH)}")
    # By descriptor, whatever characters the paths have.
    upper, work = (f"/proc/self/fd/{os.open(plan[name], os.O_PATH)}" for name in ("upper", "work"))
    options = f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},{_OPTIONS}"
    privileges.mount("firefly", plan["at"], "overlay", _FLAGS, options)
    for descriptor in (*lower, upper, work):
        os.close(int(descriptor.rpartition("/")[2]))


def main(folder: str) -> None:
    """Try it in `folder`, an empty one on the file system in question; ends with 0 where a workspace could be used."""
    places = {name: Path(folder, name) for name in ("layer", "upper", "work", "at", "stage")}
    for path in places.values():
        path.mkdir(mode=0o711)
        os.chown(path, _PROBE_UID, _PROBE_UID)
    file = places["layer"] / "file"
    file.write_text("layer")
    os.chown(file, _PROBE_UID, _PROBE_UID)
    uid = _PROBE_UID + 1
    os.chown(places["upper"], uid, uid)
    plan = {name: str(path) for name, path in places.items()} | {"layers": [(str(places["layer"]), _PROBE_UID)]}
    original = os.open(file, os.O_RDONLY)
    mount(plan | {"uid": uid})
    # Folders above may be closed to everybody but root.
    os.chdir(places["at"])
    privileges.become(uid, uid)
    seen = Path("file")
    seen.write_text("workspace")
    kept = os.pread(original, 16, 0) == b"layer" and os.stat("file").st_uid == uid
    sys.exit(0 if kept and seen.read_text() == "workspace" else 1)
