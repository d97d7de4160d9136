"""git on the server: hosted bare repositories, and only those; never a workspace."""

from .addresses import AddressPolicy
from .checkpoints import Checkpoint, Checkpoints
from .command import Git, GitFailed
from .comparison import Comparison, Comparisons, FileChange
from .copies import Copies
from .copying import Copier
from .gateway import SOCKET, Gateway
from .importing import Importer
from .maintenance import Maintenance
from .model import Follow, PushListener, PushRecorded, PushRecorder, RefChange, Service
from .progress import Progress
from .pushes import Pushes
from .repositories import Repositories
from .shadows import Shadows
from .smart_http import SmartHTTP
from .thinning import Thinning
from .unfinished import Unfinished, UnfinishedWork

__all__ = [
    "SOCKET",
    "AddressPolicy",
    "Checkpoint",
    "Checkpoints",
    "Comparison",
    "Comparisons",
    "Copier",
    "Copies",
    "FileChange",
    "Follow",
    "Gateway",
    "Git",
    "GitFailed",
    "Importer",
    "Maintenance",
    "Progress",
    "PushListener",
    "PushRecorded",
    "PushRecorder",
    "Pushes",
    "RefChange",
    "Repositories",
    "Service",
    "Shadows",
    "SmartHTTP",
    "Thinning",
    "Unfinished",
    "UnfinishedWork",
]
