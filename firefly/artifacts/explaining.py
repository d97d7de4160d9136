"""What is wrong with a bucket, in words that say what to do."""

from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
)

from ..errors import Unavailable

_KEY = "FIREFLY_S3_ACCESS_KEY and FIREFLY_S3_SECRET_KEY, or AWS's own variables and files"
_WORDS = {
    "NoSuchBucket": "There is no bucket {bucket} at {service}: make it, or correct FIREFLY_ARTIFACTS.",
    "InvalidBucketName": "{service} takes {bucket} for no name of a bucket: correct FIREFLY_ARTIFACTS.",
    "AccessDenied": "{service} does not let the key {action} in the bucket {bucket}: give it the rights that "
    "docs/operators/artifacts.md lists.",
    "AllAccessDisabled": "{service} has closed the bucket {bucket}.",
    "InvalidAccessKeyId": "{service} does not know the id of the key: correct " + _KEY + ".",
    "SignatureDoesNotMatch": "The key does not belong to its id, says {service}: correct " + _KEY + ".",
    "ExpiredToken": "The key to {service} is good no longer: renew it.",
    "InvalidToken": "{service} does not take the session's token: renew it.",
    "RequestTimeTooSkewed": "The clocks of this machine and of {service} differ too much: set this machine's.",
    "AuthorizationHeaderMalformed": "{service} expects another region than {region}: correct FIREFLY_S3_REGION.",
    "PermanentRedirect": "The bucket {bucket} is elsewhere than at {service}: correct FIREFLY_S3_REGION or "
    "FIREFLY_S3_ENDPOINT.",
    "IllegalLocationConstraintException": "The bucket {bucket} is of another region than {region}: correct "
    "FIREFLY_S3_REGION.",
    "QuotaExceeded": "The bucket {bucket} is full.",
    "XMinioStorageFull": "The disks of {service} are full.",
}
_SAME = {
    "403": "AccessDenied", "Forbidden": "AccessDenied", "301": "PermanentRedirect", "InvalidRegion":
    "AuthorizationHeaderMalformed", "ExpiredTokenException": "ExpiredToken", "UnrecognizedClientException":
    "InvalidAccessKeyId", "InvalidClientTokenId": "InvalidAccessKeyId", "UnauthorizedAccess": "AccessDenied",
}  # fmt: skip
_ACTIONS = {
    "list_objects_v2": "list what is", "list_multipart_uploads": "list uploads", "get_object": "read",
    "delete_object": "delete", "abort_multipart_upload": "end uploads",
}  # fmt: skip
# Of what S3 says, those to which it has come to the right place, and another try may help.
PASSING = frozenset({
    "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException",
    "RequestLimitExceeded", "500", "502", "503", "504",
})  # fmt: skip

DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})


class StoreAway(Unavailable):
    """`reason` is for operators: it names what users need not know. `passing`: nobody has to do anything about it.

    `damaged`: it does answer, and what it was sent has arrived as something else.
    """

    def __init__(self, reason: str, *, passing: bool, damaged: bool = False) -> None:
        super().__init__("The store of artifacts does not answer just now.", retry_after=10)
        self.reason = reason
        self.passing = passing
        self.damaged = damaged


def code_of(error: Exception) -> str:
    """What S3 calls it; empty where S3 has said nothing."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def explain(error: Exception, *, call: str, bucket: str, service: str, region: str) -> StoreAway:
    code = code_of(error)
    if code:
        words = _WORDS.get(_SAME.get(code, code))
        action = _ACTIONS.get(call, "write")
        if words is not None:
            told = words.format(
                bucket=bucket, service=service, region=region or "the one of AWS's files", action=action
            )
            return StoreAway(told, passing=False)
        return StoreAway(
            f"{service} answered {code} when asked to {action} in {bucket}.",
            passing=code in PASSING,
            damaged=code in DAMAGED,
        )
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return StoreAway(f"There is no key to the bucket {bucket} ({error}): set {_KEY}.", passing=False)
    if isinstance(error, SSLError):
        return StoreAway(
            f"The certificate of {service} is not one that this machine trusts, or it speaks no TLS: add who signed it "
            "to the machine's, or name a file in AWS_CA_BUNDLE.",
            passing=False,
        )
    if isinstance(error, ProxyConnectionError):
        return StoreAway(f"The proxy before {service} does not answer.", passing=True)
    return StoreAway(f"{service} does not answer ({type(error).__name__}).", passing=True)
