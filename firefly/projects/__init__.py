"""Projects: what they are, who may do what with them, where they come from."""

from .access import Access, Action
from .catalogue import Catalogue, Template
from .jobs import Job, Jobs, JobState, Step
from .members import Members
from .model import Archive, CreateProject, LastChange, Member, Page, Project, Role, UpdateProject, Visibility
from .seams import BridgeGateway, ProjectRoutes, PullResult, WorkspaceFacts, Workspaces
from .service import Created, Projects

__all__ = [
    "Access",
    "Action",
    "Archive",
    "BridgeGateway",
    "Catalogue",
    "CreateProject",
    "Created",
    "Job",
    "JobState",
    "Jobs",
    "LastChange",
    "Member",
    "Members",
    "Page",
    "Project",
    "ProjectRoutes",
    "Projects",
    "PullResult",
    "Role",
    "Step",
    "Template",
    "UpdateProject",
    "Visibility",
    "WorkspaceFacts",
    "Workspaces",
]
