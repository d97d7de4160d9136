"""Which configuration counts: forced and kept, of the tree, kept, or none."""

from firefly.protocol.configured import Configured, configured
from firefly.protocol.manifest import Manifest

from .source import Source

STORED, FORCED = "the project's settings", "the project's settings, which are forced,"


def configuration(source: Source, stored: Manifest | None, *, forced: bool) -> Configured:
    """Raises ManifestError for one of the tree that is wrong, and would count."""
    if stored is not None and forced:
        return Configured(stored, FORCED)
    found = configured(source)
    return Configured(stored, STORED) if found.origin is None and stored is not None else found
