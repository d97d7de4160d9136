"""Who may see a project's previews beside its members: policies, what lets people in, who came in, who asks."""

from .control import AccessControl
from .entrances import Entrances
from .keys import Keys
from .management import Management
from .model import NOBODYS, Code, Link, Overview, Password, Person, Place, Policy, PolicyChange, Visit, Visitor
from .policies import Policies
from .records import Records
from .requests import Reply, Requests
from .sisters import Sisters
from .visits import Visits

__all__ = [
    "NOBODYS",
    "AccessControl",
    "Code",
    "Entrances",
    "Keys",
    "Link",
    "Management",
    "Overview",
    "Password",
    "Person",
    "Place",
    "Policies",
    "Policy",
    "PolicyChange",
    "Records",
    "Reply",
    "Requests",
    "Sisters",
    "Visit",
    "Visitor",
    "Visits",
]
