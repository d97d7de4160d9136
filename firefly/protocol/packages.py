"""What the server's cache of packages gives to a bridge."""

from firefly.protocol.model import Result


class Papers(Result):
    """What lets a sandbox's own proxy stand for public registries; PEM.

    `authority` is good for `hosts` alone, and its key is gone.
    """

    hosts: tuple[str, ...]
    authority: str
    certificate: str
    key: str
