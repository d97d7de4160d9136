"""Projects: what they are, who may do what with them, where they come from."""

from .access import Access, Action
from .catalogue import Catalogue, Template
from .closing import Closing
from .creation import LINKED, Created, Creation
from .filling import Filling
from .job import Job, JobState, Step
from .jobs import Jobs
from .members import Members
from .model import (
    Archive,
    CreateProject,
    LastChange,
    Member,
    Page,
    Project,
    ProviderRepository,
    Role,
    UpdateProject,
    Visibility,
)
from .opening import Opening
from .own import Opened, OwnWorkspace, OwnWorkspaces
from .prebuild_making import PrebuildParts
from .prebuilding import Prebuild, Prebuilds
from .preparation import Preparation
from .pushes import WorkspaceUpdater
from .records import Records
from .remixing import Remixing
from .removal import Removal
from .seams import BridgeGateway, ProjectRoutes, PullResult, WorkspaceFacts, Workspaces
from .secrets import Secrets
from .service import Projects

__all__ = [
    "LINKED",
    "Access",
    "Action",
    "Archive",
    "BridgeGateway",
    "Catalogue",
    "Closing",
    "CreateProject",
    "Created",
    "Creation",
    "Filling",
    "Job",
    "JobState",
    "Jobs",
    "LastChange",
    "Member",
    "Members",
    "Opened",
    "Opening",
    "OwnWorkspace",
    "OwnWorkspaces",
    "Page",
    "Prebuild",
    "PrebuildParts",
    "Prebuilds",
    "Preparation",
    "Project",
    "ProjectRoutes",
    "Projects",
    "ProviderRepository",
    "PullResult",
    "Records",
    "Remixing",
    "Removal",
    "Role",
    "Secrets",
    "Step",
    "Template",
    "UpdateProject",
    "Visibility",
    "WorkspaceFacts",
    "WorkspaceUpdater",
    "Workspaces",
]
