"""Content-addressed storage of builds and uploads."""

from .file import FileArtifactStore
from .store import Artifact, ArtifactStore, Held

__all__ = ["Artifact", "ArtifactStore", "FileArtifactStore", "Held"]
