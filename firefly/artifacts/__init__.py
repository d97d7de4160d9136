"""Content-addressed storage of builds and uploads."""

from .store import Artifact, ArtifactStore

__all__ = ["Artifact", "ArtifactStore"]
