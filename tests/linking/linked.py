"""Projects that are linked to repositories of the providers' twin, with real git on both sides."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from firefly.auth import Identity
from firefly.git import AddressPolicy
from firefly.git.links import Links
from firefly.git.providers import Transport
from firefly.git.remotes import Remotes
from firefly.git.targets import Targets
from firefly.linking import Connections, Joining, LinkedProjects, Mirrors, Offers, Removing, Vault
from firefly.linking.access import Access
from firefly.linking.app import GitHubApp
from firefly.linking.apps import Apps
from firefly.linking.choosing import Choosing
from firefly.linking.importing import Importing
from firefly.linking.making import AppMaking
from firefly.linking.mirrored import Mirrored
from firefly.linking.news import AppNews
from firefly.linking.resolving import Resolving
from firefly.linking.steps import Steps
from firefly.linking.taking import Taking
from firefly.projects import Job, JobState, Project
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.testing.providers import ProviderServer, TwinRepository
from tests.projects.house import House
from tests.support.waiting import eventually

AUTHOR = {
    "GIT_AUTHOR_NAME": "Octo", "GIT_AUTHOR_EMAIL": "octo@example.org",
    "GIT_COMMITTER_NAME": "Octo", "GIT_COMMITTER_EMAIL": "octo@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin",
}  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, env=AUTHOR, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Clone:
    """Somebody's clone of a bare repository, with which he commits there."""

    def __init__(self, bare: Path, folder: Path) -> None:
        self.bare, self.folder = bare, folder
        git(folder.parent, "clone", "-q", str(bare), folder.name)

    def commit(self, text: str, *, branch: str = "main", force: bool = False) -> str:
        """Onto what the branch is there now; with `force` in the place of its newest commit."""
        git(self.folder, "fetch", "-q", "origin")
        known = git(self.folder, "branch", "-r", "--list", f"origin/{branch}")
        git(self.folder, "checkout", "-q", "-B", branch, *([f"origin/{branch}"] if known else []))
        (self.folder / "file").write_text(text)
        git(self.folder, "add", "file")
        git(self.folder, "commit", "-q", "-m", text, *(["--amend"] if force else []))
        git(self.folder, "push", "-q", *(["--force"] if force else []), "origin", branch)
        return git(self.folder, "rev-parse", "HEAD")


@dataclass
class Linked:
    """The house of projects, joined with all that links them."""

    house: House
    twin: ProviderServer
    folder: Path
    keys: Path
    """Where private keys lie while git uses them."""
    transport: Transport
    connections: Connections
    links: Links
    mirrors: Mirrors
    removing: Removing
    projects: LinkedProjects
    joining: Joining
    steps: Steps
    access: Access
    remotes: Remotes
    making: AppMaking
    news: AppNews

    @classmethod
    def build(cls, house: House, twin: ProviderServer, settings: Settings, keyring: Keyring, folder: Path) -> "Linked":
        database, clock, policy = house.database, house.clock, AddressPolicy(["127.0.0.1"])
        settings = settings.model_copy(
            update={f"{name}_url": twin.base_url(name) for name in ("github", "gitlab", "bitbucket", "gitea")}
        )
        transport, links = Transport(policy, now=clock.time), Links(database, keyring, clock)
        apps = Apps(database, keyring, clock, settings)
        connections = Connections(
            database=database, bus=house.bus, audit=house.audit, clock=clock, vault=Vault(keyring),
            offers=Offers(settings, transport, apps), transport=transport,
        )  # fmt: skip
        remotes = Remotes(
            git=house.git, repositories=house.repositories, targets=Targets(policy, settings.data_dir),
            keys=settings.run_dir / "keys", timeout=30,
        )  # fmt: skip
        access = Access(
            transport=transport, links=links, connections=connections, remotes=remotes,
            app=GitHubApp(transport, apps, clock),
        )  # fmt: skip
        taking = Taking(pushes=house.pushes, remotes=remotes, listener=house.updater)
        mirrored = Mirrored(database, house.bus, clock)
        mirrors = Mirrors(
            mirrored=mirrored, links=links, access=access, remotes=remotes, repositories=house.repositories,
            taking=taking, bus=house.bus,
        )  # fmt: skip
        steps = Steps(
            database=database, clock=clock, links=links, access=access, mirrors=mirrors, app_url="https://firefly.test"
        )
        removing = Removing(
            database=database, clock=clock, links=links, access=access, steps=steps, records=house.records,
            projects=house.projects,
        )  # fmt: skip
        importing = Importing(
            jobs=house.jobs, records=house.records, clock=clock, filling=house.filling, importer=house.importer,
            bridge=house.bridge, removal=house.removal, links=links, access=access, connections=connections,
            steps=steps, removing=removing,
        )  # fmt: skip
        resolving = Resolving(
            mirrored=mirrored, repositories=house.repositories, remotes=remotes, access=access, taking=taking
        )
        projects = LinkedProjects(
            projects=house.projects, records=house.records, jobs=house.jobs, audit=house.audit, links=links,
            access=access, connections=connections, mirrors=mirrors, resolving=resolving, steps=steps,
            removing=removing, importing=importing,
            choosing=Choosing(connections=connections, access=access, steps=steps),
        )  # fmt: skip
        joining = Joining(
            database=database, clock=clock, links=links, access=access, connections=connections,
            records=house.records, members=house.members,
        )  # fmt: skip
        return cls(
            house,
            twin,
            folder,
            settings.run_dir / "keys",
            transport,
            connections,
            links,
            mirrors,
            removing,
            projects,
            joining,
            steps,
            access,
            remotes,
            AppMaking(
                database=database, clock=clock, audit=house.audit, apps=apps, transport=transport,
                app_url="https://firefly.test",
            ),
            AppNews(database=database, clock=clock, apps=apps, links=links, connections=connections),
        )  # fmt: skip

    def repository(self, path: str = "octo/garden", *, provider: str = "gitea", empty: bool = False) -> TwinRepository:
        """One at the provider, with a commit on `main` unless it is to be empty."""
        bare = self.folder / f"{path.replace('/', '-')}.git"
        git(self.folder, "init", "-q", "--bare", "-b", "main", bare.name)
        made = self.twin.add(TwinRepository(provider, path, folder=bare))
        if not empty:
            self.clone(made).commit("first")
        return made

    def clone(self, repository: TwinRepository) -> Clone:
        assert repository.folder is not None
        return Clone(repository.folder, self.folder / f"clone-{len(list(self.folder.iterdir()))}")

    def here(self, project: Project) -> Clone:
        """A clone of what is hosted here; what it pushes is not recorded by itself."""
        bare = self.house.repositories.path(project.id)
        return Clone(bare, self.folder / f"here-{len(list(self.folder.iterdir()))}")

    async def connect(self, who: Identity, provider: str = "gitea") -> UUID:
        made = await self.connections.put_token(who, provider, url=None, token=self.twin.token)
        return made.id

    async def imported(
        self, who: Identity, path: str = "octo/garden", name: str = "garden", *, provider: str = "gitea"
    ) -> Project:
        created = await self.projects.import_(who, provider, path, name=name)
        assert created.job is not None
        job = await self.ended(who, created.job)
        assert job.state is JobState.SUCCEEDED, job.error
        return await self.house.projects.get_by_id(who, created.project.id)

    async def ended(self, who: Identity, job: Job) -> Job:
        async def end() -> Job | None:
            found = await self.house.jobs.get(who, job.id)
            return found if found.state.ended else None

        found = await eventually(end)
        assert found is not None
        return found

    async def ref(self, project: Project, ref: str = "refs/heads/main") -> str | None:
        return (await self.house.repositories.refs(project.id)).get(ref)
