"""Content-addressed storage of builds and uploads."""

from .file import FileArtifactStore
from .opening import opened
from .store import Artifact, ArtifactStore, Held

__all__ = ["Artifact", "ArtifactStore", "FileArtifactStore", "Held", "opened"]
