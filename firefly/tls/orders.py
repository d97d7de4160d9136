"""Certificates from an authority that speaks ACME (RFC 8555). Everything here blocks; it runs beside the loop."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import requests
import structlog
from acme import client, errors, messages
from acme.crypto_util import make_csr
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.errors import DeserializationError
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from firefly import __version__
from firefly.errors import FireflyError, Unavailable

from .authority import key_bytes, write
from .proofs import Proof

KEY, REGISTRATION = "account.key", "account.json"
log = structlog.get_logger()

# One request, and a whole order.
REQUEST_TIME = 30
ORDER_TIME = timedelta(minutes=5)


class AcmeAuthority:
    """One account at one authority; both are kept in `folder`, for their owner alone.

    Parameters
    ----------
    directory: the URL where the authority says what it offers
    email: where it writes to when something is wrong with the account; may be empty
    roots: a file with the authorities that its own https is checked with; None: the system's
    """

    def __init__(self, directory: str, *, folder: Path, email: str = "", roots: Path | None = None) -> None:
        self._directory = directory
        self._folder = folder
        self._email = email
        self._roots = roots

    def order(self, names: Sequence[str], proof: Proof) -> bytes:
        """A new key and the certificate for `names` with its chain, as PEM. Raises Unavailable, with the reason."""
        with _told(self._directory):
            talk, key = self._connect()
            secret = key_bytes(ec.generate_private_key(ec.SECP256R1()))
            found = self._begin(talk, make_csr(secret, list(names)))
            with ExitStack() as stack:
                for authorization in found.authorizations:
                    if authorization.body.status != messages.STATUS_VALID:
                        _prove(stack, talk, key, authorization, proof)
                done = talk.poll_and_finalize(found, deadline=datetime.now() + ORDER_TIME)
        return secret + done.fullchain_pem.encode()

    def _begin(self, talk: client.ClientV2, request: bytes) -> messages.OrderResource:
        try:
            return talk.new_order(request)
        except messages.Error as error:
            if error.code == "accountDoesNotExist":
                # It forgot us; the next try makes an account anew.
                (self._folder / REGISTRATION).unlink(missing_ok=True)
            raise

    def _connect(self) -> tuple[client.ClientV2, JWKEC]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = JWKEC(key=self._key())
        # A path is what requests takes for a file of authorities, and the library hands it on.
        verify = cast(bool, str(self._roots)) if self._roots else True
        net = client.ClientNetwork(
            key, alg=ES256, verify_ssl=verify, user_agent=f"Firefly/{__version__}", timeout=REQUEST_TIME
        )
        talk = client.ClientV2(client.ClientV2.get_directory(self._directory, net), net)
        self._register(talk)
        return talk, key

    def _key(self) -> ec.EllipticCurvePrivateKey:
        path = self._folder / KEY
        if not path.exists():
            write(path, key_bytes(ec.generate_private_key(ec.SECP256R1())), mode=0o600)
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
        return cast(ec.EllipticCurvePrivateKey, found)

    def _register(self, talk: client.ClientV2) -> None:
        path = self._folder / REGISTRATION
        try:
            talk.net.account = messages.RegistrationResource.from_json(json.loads(path.read_bytes()))
            return
        except (OSError, ValueError, DeserializationError):
            pass
        wanted = messages.NewRegistration.from_data(email=self._email or None, terms_of_service_agreed=True)
        try:
            found = talk.new_account(wanted)
        except errors.ConflictError as error:
            # The key is known there: the account was made, and the answer lost.
            found = messages.RegistrationResource(body=messages.Registration(), uri=error.location)
            talk.net.account = found
        write(path, found.json_dumps().encode(), mode=0o600)


def _prove(
    stack: ExitStack,
    talk: client.ClientV2,
    key: JWKEC,
    authorization: messages.AuthorizationResource,
    proof: Proof,
) -> None:
    """Offer the proof and say so; it is withdrawn with `stack`."""
    host = authorization.body.identifier.value
    offered = [found for found in authorization.body.challenges if found.chall.typ == proof.kind]
    if not offered:
        raise Unavailable(f"The authority does not accept {proof.kind} for {host}.")
    response, value = offered[0].response_and_validation(key)
    token = offered[0].chall.encode("token")
    stack.callback(_withdraw, proof, host, token, value)
    proof.offer(host, token, value)
    talk.answer_challenge(offered[0], response)


def _withdraw(proof: Proof, host: str, token: str, value: str) -> None:
    try:
        proof.withdraw(host, token, value)
    except FireflyError as error:
        # It does no harm there, and the certificate is good.
        log.warning("proof.not_withdrawn", host=host, reason=error.detail)


@contextmanager
def _told(directory: str) -> Iterator[None]:
    """Turn what went wrong into one sentence."""
    try:
        yield
    except FireflyError:
        raise
    except errors.ValidationError as error:
        details = [
            f"{failed.body.identifier.value}: {challenge.error.detail}"
            for failed in error.failed_authzrs
            for challenge in failed.body.challenges
            if challenge.error is not None
        ]
        raise Unavailable(f"The authority could not see the proof. {'; '.join(details)}") from error
    except messages.Error as error:
        raise Unavailable(f"The authority refused: {error.detail or error.typ}", code=error.code) from error
    except errors.TimeoutError as error:
        raise Unavailable("The authority did not decide in time.") from error
    except requests.RequestException as error:
        raise Unavailable(f"The authority {directory} cannot be reached: {type(error).__name__}.") from error
    except Exception as error:
        # What an authority sends is not ours, and the library has no one error for what it cannot read.
        log.warning("certificate.unexpected", directory=directory, exc_info=error)
        raise Unavailable(f"The order failed: {type(error).__name__}: {error}") from error
