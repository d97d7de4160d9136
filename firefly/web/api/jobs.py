"""Long work: watched, found again, cancelled."""

from .. import schemas
from ..presenters import job_answer
from ..routing import Answer, Call, Resource

resource = Resource("Jobs")


@resource.get("/jobs", "List your newest jobs", query=schemas.JobsQuery, answer=schemas.Listing[schemas.Job])
async def list_jobs(call: Call) -> Answer:
    query = call.query(schemas.JobsQuery)
    jobs = await call.services.jobs.list(call.require_scope("read"), project_id=query.project)
    return schemas.Listing[schemas.Job](items=[job_answer(job) for job in jobs])


@resource.get("/jobs/{id}", "Look at a job and its steps", answer=schemas.Job)
async def show(call: Call) -> Answer:
    return job_answer(await call.services.jobs.get(call.require_scope("read"), call.id()))


@resource.post("/jobs/{id}/cancel", "Cancel a job", answer=schemas.Job)
async def cancel(call: Call) -> Answer:
    return job_answer(await call.services.jobs.cancel(call.require_scope("write"), call.id()))
