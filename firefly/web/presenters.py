"""From the house's records to the API's answers: addresses are put together here and nowhere else."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from firefly import hostnames

from . import schemas
from .services import Services

if TYPE_CHECKING:
    from firefly import auth, domains, projects
    from firefly.sandbox.keeper import Asked, Status


def urls_of(services: Services, owner: str, name: str) -> schemas.Urls:
    settings = services.settings
    label = hostnames.format(hostnames.WorkspaceLabel(name=name, owner=owner))
    return schemas.Urls(
        editor=f"{settings.url}/app/{owner}/{name}",
        preview=settings.content_url(label),
        git=f"{settings.url}/git/{owner}/{name}.git",
    )


def workspace_label(project: "projects.Project", port: int | None = None) -> str:
    """Of the workspace that `project` is shown with: the shared one, or a member's own."""
    if project.member:
        return hostnames.format(hostnames.MemberLabel(project.member, project.name, project.owner, port))
    return hostnames.format(hostnames.WorkspaceLabel(project.name, project.owner, port))


def workspace_urls(services: Services, project: "projects.Project") -> schemas.WorkspaceUrls:
    query = f"?workspace={project.member}" if project.member else ""
    return schemas.WorkspaceUrls(
        editor=f"{services.settings.url}/app/{project.path}{query}",
        preview=services.settings.content_url(workspace_label(project)),
    )


def _project_fields(services: Services, project: "projects.Project") -> dict[str, object]:
    glance = services.keeper.glance(project.workspace_id) if project.workspace_id else None
    return {name: getattr(project, name) for name in schemas.Project.model_fields if hasattr(project, name)} | {
        "sandbox": glance.state.value if glance else "absent",
        "sandbox_reason": glance.reason if glance else "",
        "freezes_at": glance.freezes_at if glance else None,
        "stops_at": glance.stops_at if glance else None,
        "urls": urls_of(services, project.owner, project.name).model_copy(
            update=workspace_urls(services, project).model_dump()
        ),
        "visibility": project.visibility.value,
        "role": project.role.value if project.role else None,
        "last_change": schemas.LastChange.model_validate(project.last_change),
    }


def project_answer(services: Services, project: "projects.Project") -> schemas.Project:
    return schemas.Project.model_validate(_project_fields(services, project))


def created_answer(services: Services, created: "projects.Created") -> schemas.CreatedProject:
    job = job_answer(created.job) if created.job else None
    return schemas.CreatedProject.model_validate(_project_fields(services, created.project) | {"job": job})


def job_answer(job: "projects.Job") -> schemas.Job:
    return schemas.Job.model_validate(asdict(job))


def domain_answer(services: Services, domain: "domains.Domain") -> schemas.Domain:
    is_custom = domain.kind.value == "custom"
    proof = schemas.DomainProof(name=domain.record, value=domain.token) if is_custom else None
    certificate = services.certificates.of(domain.host)
    return schemas.Domain.model_validate(
        asdict(domain)
        | {
            "name": domain.name,
            "url": services.settings.host_url(domain.host),
            "proof": proof,
            "certificate": schemas.DomainCertificate.model_validate(asdict(certificate)),
        }
    )


def account_answer(account: "auth.Account") -> schemas.Account:
    return schemas.Account.model_validate(account)


def sandbox_answer(
    services: Services, project: "projects.Project", status: "Status", *, visits: bool = False
) -> schemas.Sandbox:
    """Who merely `visits` a public project is not told what its members do in it."""
    told = schemas.Sandbox(
        state=status.state.value,
        reason=status.reason,
        since=status.since,
        freezes_at=status.freezes_at,
        stops_at=status.stops_at,
        archives_at=status.rest.archives_at,
        archived_at=status.rest.archived_at,
        limits=schemas.SandboxLimits.model_validate(status.limits, from_attributes=True),
        usage=schemas.SandboxUsage.model_validate(status.usage, from_attributes=True) if status.usage else None,
    )
    if visits:
        return told
    more = {
        "busy": list(status.busy),
        "ports": [_port_answer(services, project, port) for port in status.ports],
        "notes": list(status.notes),
        "keep_awake": [schemas.KeepAwake.model_validate(one) for one in status.awake],
        "refusal": status.refusal or None,
        "archive_note": status.rest.archive_note,
    }
    return told.model_copy(update=more)


def _port_answer(services: Services, project: "projects.Project", port: int) -> schemas.SandboxPort:
    return schemas.SandboxPort(port=port, url=services.settings.content_url(workspace_label(project, port)))


def sandbox_settings_answer(asked: "Asked") -> schemas.SandboxSettings:
    return schemas.SandboxSettings(
        file=schemas.SandboxWishes.model_validate(asked.file),
        settings=schemas.SandboxWishes.model_validate(asked.settings),
        standard=schemas.SandboxWishes.model_validate(asked.standard),
        most=schemas.SandboxWishes.model_validate(asked.most),
        granted=schemas.SandboxTerms.model_validate(asked.terms),
    )
