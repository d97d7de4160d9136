"""What the web shows of builds, beside `Builds` itself."""

from dataclasses import dataclass
from typing import Self

from ...audit import Audit
from ...git import Git, Repositories
from ...projects import Projects
from ...secrets import Keyring
from ..asking.builds import Builds
from ..asking.preferences import PreferenceControl
from ..log import Logs
from ..queueing.records import Records
from ..sites import SiteRecords
from .badges import Badges
from .branches import Branches
from .changes import Changes
from .explaining import Explaining
from .overview import Overview
from .showing import Showing


@dataclass(frozen=True, kw_only=True)
class Desk:
    logs: Logs
    showing: Showing
    overview: Overview
    explaining: Explaining
    changes: Changes
    branches: Branches
    preferences: PreferenceControl
    badges: Badges

    @classmethod
    def build(
        cls, *, records: Records, builds: Builds, logs: Logs, sites: SiteRecords, projects: Projects, audit: Audit,
        git: Git, repositories: Repositories, keyring: Keyring,
    ) -> Self:  # fmt: skip
        return cls(
            logs=logs,
            showing=Showing(builds, logs.records, sites, records.clock),
            overview=Overview(records),
            explaining=Explaining(database=records.database, git=git, repositories=repositories),
            changes=Changes(database=records.database, git=git, repositories=repositories),
            branches=Branches(records=records, sites=sites, projects=projects),
            preferences=PreferenceControl(records=records, projects=projects, audit=audit),
            badges=Badges(records=records, projects=projects, keyring=keyring),
        )
