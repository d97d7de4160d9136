"""Names of projects: free or not, and what becomes of old ones."""

from datetime import datetime, timedelta

from ..errors import NameTaken
from ..store import Connection
from .model import RESERVED_DAYS, Project
from .records import Records

SENTENCES = {
    "used": "You have a project named {name} already. Choose another name.",
    "deleted": "A project named {name} was deleted lately. Restore it, or choose another name.",
    "reserved": "{name} is the former name of another project and still leads there. Choose another name.",
}


async def check_free(records: Records, connection: Connection, project: Project, now: datetime) -> None:
    """Raises NameTaken. The unique index decides in the end; this finds the sentence."""
    state = await records.queries.name_state(
        connection, owner_id=project.owner_id, name=project.name, project_id=project.id, now=now
    )
    if state is not None:
        raise NameTaken(SENTENCES[state].format(name=project.name), field="name")


async def reserve(records: Records, connection: Connection, old: Project, new: Project, now: datetime) -> None:
    """Let the old name lead to the project for 90 days, and the new one no longer be an old one."""
    await records.queries.free_name(connection, owner_id=new.owner_id, name=new.name)
    await records.queries.reserve_name(
        connection,
        owner_id=old.owner_id,
        name=old.name,
        project_id=old.id,
        until=now + timedelta(days=RESERVED_DAYS),
    )
