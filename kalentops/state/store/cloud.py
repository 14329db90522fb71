"""What services for objects want and answer: the variables of their tools, and the meaning of an error.

An error of the library holds URLs, signatures and whole answers. Only the service's error code is shown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from kalentops.errors import StateError

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
TIMEOUT: Final = timedelta(seconds=30)  # of a whole request

# fmt: off
_FAULTS: Final = (  # a pattern in the text of the library, what to say, what to do; the first that is found counts
    (r"<Code>\s*(NoSuchBucket|ContainerNotFound|Invalid(Bucket|Resource)Name)",
        "there is no such {0.place}", "create it, or correct its name"),
    (r"http://169\.254\.|source: (MissingAccount|InvalidAccessKey|MissingSas)",
        "there are no usable credentials", "{0.login}"),
    (r"<Code>\s*RequestTimeTooSkewed", "the clock of this machine is wrong", "set the clock"),
    (r"<Code>\s*AuthorizationHeaderMal|inner: BareRedirect|status: 30\d", "it is {0.elsewhere}",
        "check {0.host}"),
    (r"<Code>\s*\w*(Quota|Full|InsufficientSto)|status: 507", "there is no space left", "raise the quota"),
    (r"<Code>\s*(InvalidAcc|SignatureD|\w*Auth\w*Fail|InvalidAuth|\w*Token)|status: 401",
        "the credentials are wrong or have expired", "{0.login}"),
    (r"status: 403", "the credentials have no permission", "they need {0.permissions}"),
    (r"<Code>\s*(Lease|\w*Immutable|\w*Archived)", "it is locked", "end its lease, hold or retention"),
    (r"status: 413|<Code>\s*EntityTooLarge", "the state is too large", "use another kind of place"),
    (r"status: (429|503)", "the service is overloaded", "run the command again in a minute"),
    (r"status: (405|501)", "the service can't write on a condition", "use a service that can"),
    (r"source: MissingEtag", "the service gives no version (ETag)", "use a service that does"),
    (r"kind: Connect,(?s:.*)dns error", "the host is not known", "check {0.host} and the network"),
    (r"kind: Connect,(?s:.*)([Cc]ertificate|InvalidMessage)",
        "the host has no valid certificate, or no TLS", "check {0.host}"),
    (r"kind: Timeout,", "there was no answer in time", "check the network, then run the command again"),
    (r"kind: Connect,", "the host can't be reached", "check {0.host} and the network"),
    (r"^(called|request valid).*Invalid(HeaderValue|Uri)",
        "a variable has a character that can't be in it", "{0.login}"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Fault:
    """A failed request. `text` is the library's and is never shown; `status` is 0 where no answer came."""

    text: str
    status: int
    code: str

    @classmethod
    def of(cls, text: str) -> Fault:
        status = re.search(r"status: (\d{3})\b", text)
        code = re.search(r"<Code>\s*([A-Za-z]{1,60})\s*</Code>", text)
        no_target = 301 if "inner: BareRedirect" in text else 0
        return cls(text, int(status[1]) if status else no_target, code[1] if code else "")

    @property
    def unsent(self) -> bool:
        return "kind: Connect," in self.text  # not ConnectionReset

    @property
    def passing(self) -> bool:
        """Whether the same read may succeed in a second. After a time-out, enough time has gone."""
        broken = "HttpError {" in self.text and "kind: Timeout," not in self.text
        return broken or self.status == 429 or self.status >= 500  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Service:
    """The words of one service."""

    place: str
    endpoints: tuple[str, ...]  # variables; the first that is set counts
    elsewhere: str
    host: str
    login: str
    permissions: str

    def explain(self, fault: Fault) -> tuple[str, str]:
        """What has failed, and what to do about it."""
        known = ((said, todo) for pattern, said, todo in _FAULTS if re.search(pattern, fault.text))
        said, todo = next(known, ("the service failed", "run the command again in a minute"))
        answer = " ".join(filter(None, (str(fault.status or ""), fault.code)))
        return said.format(self) + (f" ({answer})" if answer else ""), todo.format(self)


SERVICES: Final = {
    "s3": Service(
        "bucket",
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        "in another region",
        "AWS_ENDPOINT_URL, AWS_REGION",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with AWS_SESSION_TOKEN if they are temporary; "
        'for a profile: eval "$(aws configure export-credentials --format env)"',
        "s3:GetObject and s3:PutObject, and s3:ListBucket to see that there is no object",
    ),
    "az": Service(
        "container",
        ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
        "at another address",
        "AZURE_STORAGE_ENDPOINT, AZURE_STORAGE_ACCOUNT",
        "set AZURE_STORAGE_CONNECTION_STRING; or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or "
        "AZURE_STORAGE_SAS_TOKEN; or AZURE_USE_AZURE_CLI=true for the login of az",
        "the role Storage Blob Data Contributor, or a SAS token that reads, creates and writes",
    ),
}


def library_options(kind: str) -> dict[str, Any]:
    """Time-outs, no retries, and the variables that the library does not read itself.

    Raises StateError for a variable that can't be used.
    """
    for name, value in os.environ.items():
        # The library panics where a header or a URL can't hold it.
        if re.match(r"(AWS|AZURE)_\w*(KEY|TOKEN|REGION|ACCOUNT|_ID)", name) and not re.fullmatch(
            "[!-~]*", value
        ):
            raise StateError(
                f"the variable {name} holds a space, a line break or a letter that can't be in it",
                hint=f"set {name} again",
            )
    names = [name for name in SERVICES[kind].endpoints if os.environ.get(name)]
    options: dict[str, Any] = {"endpoint": os.environ[names[0]]} if names else {}
    if kind == "az":
        options |= _azure()
    else:
        options["disable_bulk_delete"] = True  # which some services don't know
        # A bucket whose objects are locked takes none without a checksum.
        options["checksum_algorithm"] = os.environ.get("AWS_CHECKSUM_ALGORITHM") or "sha256"
    endpoint = options.get("endpoint", "")
    if endpoint and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[!-~]*)?", endpoint):
        raise StateError(
            f"the endpoint of the {SERVICES[kind].place} is not a URL",
            hint=f"write https://HOST or https://HOST:PORT in {' or '.join(SERVICES[kind].endpoints)}",
        )
    client = {
        "timeout": TIMEOUT,
        "connect_timeout": CONNECT_TIMEOUT,
        "allow_http": endpoint.startswith("http:") or bool(os.environ.get("AZURE_STORAGE_USE_EMULATOR")),
    }
    return {**options, "client_options": client, "retry_config": {"max_retries": 0}}


def _azure() -> dict[str, str]:
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "")
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    found = {
        "account_name": parts.get("AccountName") or os.environ.get("AZURE_STORAGE_ACCOUNT"),
        "account_key": parts.get("AccountKey") or os.environ.get("AZURE_STORAGE_KEY"),
        "sas_key": parts.get("SharedAccessSignature"),
        "endpoint": parts.get("BlobEndpoint"),
    }
    return {name: value for name, value in found.items() if value}
