"""Accounts, sessions, API tokens, sign-in links and preview grants."""

from .accounts import Accounts
from .checks import GrantChecks
from .grant import Grant, Kind, hash_secret
from .grants import Ground, PreviewGrants
from .keys import SigningKeys
from .limiter import Limit, RateLimiter
from .links import FIRST_ADMINISTRATOR, SIGN_IN, Link, SignInLinks
from .model import Account, Identity, check_scopes
from .passwords import Passwords
from .refusals import Holder, Refusals, Revocation
from .revocations import Revocations
from .sessions import Session, SessionCookies, Sessions
from .tokens import Token, Tokens
from .upkeep import Upkeep

__all__ = [
    "FIRST_ADMINISTRATOR",
    "SIGN_IN",
    "Account",
    "Accounts",
    "Grant",
    "GrantChecks",
    "Ground",
    "Holder",
    "Identity",
    "Kind",
    "Limit",
    "Link",
    "Passwords",
    "PreviewGrants",
    "RateLimiter",
    "Refusals",
    "Revocation",
    "Revocations",
    "Session",
    "SessionCookies",
    "Sessions",
    "SignInLinks",
    "SigningKeys",
    "Token",
    "Tokens",
    "Upkeep",
    "check_scopes",
    "hash_secret",
]
