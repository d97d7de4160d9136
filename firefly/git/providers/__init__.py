"""GitHub, GitLab, Bitbucket (Cloud and Data Center), Gitea and Forgejo, all asked in the same way."""

from collections.abc import Mapping

from .bitbucket import Bitbucket
from .bitbucketdc import BitbucketDC
from .gitea import Gitea
from .github import GitHub
from .gitlab import GitLab
from .model import (
    CONTEXT,
    Branch,
    CommitState,
    Credential,
    CredentialRefused,
    DeployKey,
    Deployment,
    DeploymentState,
    Hook,
    Page,
    Permission,
    PullRequest,
    Repository,
    Status,
)
from .provider import GitProvider, everything
from .transport import Answer, Transport

PROVIDERS: Mapping[str, type[GitProvider]] = {
    kind.name: kind for kind in (GitHub, GitLab, Bitbucket, BitbucketDC, Gitea)
}

__all__ = [
    "CONTEXT",
    "PROVIDERS",
    "Answer",
    "Bitbucket",
    "BitbucketDC",
    "Branch",
    "CommitState",
    "Credential",
    "CredentialRefused",
    "DeployKey",
    "Deployment",
    "DeploymentState",
    "GitHub",
    "GitLab",
    "GitProvider",
    "Gitea",
    "Hook",
    "Page",
    "Permission",
    "PullRequest",
    "Repository",
    "Status",
    "Transport",
    "everything",
]
