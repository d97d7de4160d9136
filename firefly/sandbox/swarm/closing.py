"""What a sandbox must not reach: rules in its own network that refuse it, in place before anything else runs there.

Standard library only: runs as the sandbox's first process.
"""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT = 10.0
# There are two ways to the kernel's filter. Nobody else uses this network's, so either will do.
WAYS = ("restore", "legacy-restore")
# Of one that is kept off by a file that all share.
LOCK = "/dev/shm/xtables.lock"
SIX = Path("/proc/net/if_inet6")


def close(refused: Iterable[str]) -> None:
    """Let nothing begin that leads to the networks `refused`, and no IPv6 out at all. Raises OSError."""
    _set("iptables", _four(refused))
    if SIX.exists():
        _set("ip6tables", ["-A OUTPUT -j REJECT"])


def _four(refused: Iterable[str]) -> list[str]:
    """The engine asks its name servers from within this network, as root, which nobody inside is or becomes."""
    return [
        # Answers to the server and whoever else came in from outside.
        "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        *(f"-A OUTPUT -p {kind} --dport 53 -m owner --uid-owner 0 -j ACCEPT" for kind in ("udp", "tcp")),
        *(f"-A OUTPUT -d {network} -j REJECT --reject-with icmp-host-unreachable" for network in refused),
    ]


def _set(tool: str, rules: Iterable[str]) -> None:
    text = "\n".join(["*filter", ":OUTPUT ACCEPT [0:0]", "-A OUTPUT -o lo -j ACCEPT", *rules, "COMMIT", ""])
    complaints = []
    for way in WAYS:
        complaint = _try(f"{tool}-{way}", text)
        if not complaint:
            return
        complaints.append(complaint)
    raise OSError(f"its network cannot be closed: {'; '.join(complaints)}")


def _try(program: str, text: str) -> str:
    """What was wrong; empty where nothing was."""
    variables = {"PATH": PATH, "XTABLES_LOCKFILE": LOCK}
    try:
        done = subprocess.run(
            [program, "--wait"], input=text.encode(), capture_output=True, timeout=LIMIT, env=variables, cwd=os.sep
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
    return f"{program}: {said or f'code {done.returncode}'}" if done.returncode else ""
