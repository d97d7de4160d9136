"""Ruby: which gems a project has."""

import re

from .tree import Tree

GEMFILE, LOCK, RACK = "Gemfile", "Gemfile.lock", "config.ru"
_GEM = re.compile(r"""^[ \t]*gem[ \t]+["']([\w-]+)["']""", re.MULTILINE)
# In a folder that ends with the sandbox: a file that one which was killed has left would name another process of the
# next one, since processes have few numbers there.
SERVER = "rails server -b $HOST -p $PORT -P /tmp/rails.pid"


def gems(tree: Tree) -> frozenset[str]:
    """Those that its Gemfile names by itself."""
    return frozenset(_GEM.findall(tree.text(GEMFILE) or ""))


def rack(found: frozenset[str]) -> str:
    """What starts a config.ru, of the gems that were found."""
    return "puma -b tcp://$HOST:$PORT" if "puma" in found else "rackup -o $HOST -p $PORT"
