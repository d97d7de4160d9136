"""What keeps the networks of sandboxes from the engine's machine and from private ranges: rules of its packet filter.

They are put in place by a container of the project image in the engine's own network, so that neither this server nor
its user needs any right of its own, and they hold before any sandbox runs.
"""

from collections.abc import Sequence

from firefly.errors import Unavailable
from firefly.sandbox.network import REFUSED

from .engine import Engine
from .helping import HelperFailed, carry_out

REFUSE = "-j REJECT --reject-with icmp-host-unreachable"
# There are two ways to the kernel's filter; the engine uses the one in which it has its own chain.
_SCRIPT = """
set -eu
PATH=/usr/sbin:/sbin:$PATH
for tool in iptables iptables-nft iptables-legacy; do
  command -v $tool >/dev/null && $tool -w -n -L DOCKER-USER >/dev/null 2>&1 && break
done
six=ip6tables${{tool#iptables}}
hook() {{ filter=$1; shift; $filter -w -C "$@" 2>/dev/null || $filter -w -I "$@"; }}
{{
  echo '*filter'
  for chain in {chain} {chain}-IN; do
    echo ":$chain - [0:0]"
    echo "-A $chain -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
    for server in $(sed -n 's/^nameserver *\\([0-9.]*\\) *$/\\1/p' /etc/resolv.conf); do
      for kind in udp tcp; do echo "-A $chain -d $server -p $kind --dport 53 -j RETURN"; done
    done
  done
  echo '{rules}'
  echo COMMIT
}} | $tool-restore --noflush --wait
for device in {devices}; do
  hook $tool DOCKER-USER -i $device -j {chain}
  hook $tool INPUT -i $device -j {chain}-IN
  hook $six INPUT -i $device -j DROP
  hook $six FORWARD -i $device -j DROP
done
"""


def chain(installation: str) -> str:
    return f"FIREFLY-{installation}"


def devices(installation: str) -> str:
    """What the names of an installation's bridges begin with; a device's has at most 15 characters."""
    return f"ff{installation[:4]}"


def script(installation: str, allowed: Sequence[str] = (), *, bridge: str = "") -> str:
    """For a shell with iptables in the engine's network. `allowed`: networks that are not refused.

    `bridge`: one more device that the rules hold for, beside the installation's own.
    """
    name = chain(installation)
    rules = [f"-A {name} -d {network} -j RETURN" for network in allowed]
    rules += [f"-A {name} -d {network} {REFUSE}" for network in REFUSED]
    rules += [f"-A {name}-IN {REFUSE}"]
    held = " ".join(filter(None, (f"{devices(installation)}+", bridge)))
    return _SCRIPT.format(chain=name, devices=held, rules="\n".join(rules))


async def protect(engine: Engine, installation: str, image: str, allowed: Sequence[str], *, bridge: str = "") -> None:
    """Put the rules in place, anew where they are; see `script`. Raises Unavailable where they cannot be."""
    host = {"NetworkMode": "host", "CapAdd": ["NET_ADMIN", "NET_RAW"]}
    try:
        await carry_out(engine, installation, image, script(installation, allowed, bridge=bridge), host)
    except HelperFailed as error:
        raise Unavailable(f"The rules that keep sandboxes apart cannot be set: {error.detail}.") from error
