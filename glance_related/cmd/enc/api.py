"""The question: what a server is to have, asked of the compute API with an application credential."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import requests
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from glance_related.cmd.enc.conf import Conf
from glance_related.problem import CODE_HEADER

#: How many answers' time all of it may take: a token, and the question, twice where a connection breaks.
_ANSWERS = 3
#: What our filter answers of a server that it does not know.
_NO_NODE = "package_menu.no_node"


class NotReached(Exception):
    """Keystone or the API cannot be reached, or fails; the text says which, in one sentence."""


class Refused(Exception):
    """The API will not tell; the text is a sentence."""


class Missing(Refused):
    """The API knows no such server."""


@dataclass(frozen=True)
class Answered:
    """What a server is to have.

    :param etag: by which it can be told whether that has changed
    """

    document: Mapping[str, Any]
    etag: str | None


class _Overdue(BaseException):
    """Comes out of whatever is being waited for, and is caught by nobody there."""


def ask(conf: Conf, certname: str, etag: str | None) -> Answered | None:
    """Ask what a server is to have; None: what it was.

    :param etag: of what is known
    :raises NotReached:
    :raises Missing:
    :raises Refused:
    """
    try:
        with _at_most(conf.timeout_seconds * _ANSWERS):
            response = _response(conf, certname, etag)
    except _Overdue:
        raise NotReached("The compute API does not answer in time.") from None
    if response.status_code == 304 and etag is not None:
        return None
    # whatever stands in front of our filter has no word on servers
    code = response.headers.get(CODE_HEADER)
    if code == _NO_NODE:
        raise Missing(_message(response) or f"No server is known by the name {certname}.")
    if response.status_code == 401:
        raise Refused(
            "The compute API does not take the application credential for this (401): its access rules must let it GET "
            f"{urlsplit(response.url).path}, and Nova's [keystone_authtoken] must have service_type = compute."
        )
    if response.status_code == 403 or (code is not None and response.status_code < 500):
        raise Refused(f"The compute API refuses ({response.status_code}): {_message(response) or 'without a word'}")
    document = _document(response) if response.status_code == 200 else None
    if not isinstance(document, dict) or not _is_node(document):
        raise NotReached(f"The compute API fails (status {response.status_code}).")
    return Answered(document, response.headers.get("ETag"))


def _response(conf: Conf, certname: str, etag: str | None) -> Any:
    auth = v3.ApplicationCredential(
        auth_url=conf.auth_url,
        application_credential_id=conf.application_credential_id,
        application_credential_secret=conf.application_credential_secret,
    )
    session = Session(auth=auth, verify=conf.ca_file or True, timeout=conf.timeout_seconds)
    where = {"service_type": "compute", "interface": list(conf.interfaces), "region_name": conf.region_name}
    headers = {"Accept": "application/json", **({"If-None-Match": etag} if etag is not None else {})}
    try:
        return session.get(
            f"/package-menu/nodes/{certname}",
            endpoint_filter=where,
            headers=headers,
            raise_exc=False,
            redirect=False,
            connect_retries=1,
        )
    except exceptions.Unauthorized:
        raise Refused("Keystone refuses the application credential; make another, and put it into enc.conf.") from None
    except (exceptions.EndpointNotFound, exceptions.CatalogException):
        raise Refused("Keystone's catalog has no compute endpoint for region_name and interfaces.") from None
    except exceptions.SSLError:
        raise NotReached("A certificate is not trusted; set ca_file.") from None
    except (exceptions.ClientException, requests.RequestException, OSError) as error:
        raise NotReached(f"Keystone or the compute API cannot be reached ({type(error).__name__}).") from None


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Bounds also what has no bound of its own: names that are looked up, answers that come byte by byte."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def overdue(_number: int, _frame: FrameType | None) -> None:
        raise _Overdue

    before = signal.signal(signal.SIGALRM, overdue)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _document(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _message(response: Any) -> str:
    """What Nova says with an error: one member, whatever it is called."""
    document = _document(response)
    for fault in document.values() if isinstance(document, dict) else ():
        if isinstance(fault, dict) and isinstance(fault.get("message"), str):
            return str(fault["message"])[:2000]
    return ""


def _is_node(document: Mapping[str, Any]) -> bool:
    """Whether Puppet could make something of a document: another service's is none."""
    classes = document.get("classes")
    return (
        isinstance(classes, dict)
        and all(values is None or isinstance(values, dict) for values in classes.values())
        and isinstance(document.get("parameters"), dict)
        and isinstance(document.get("environment", ""), str)
    )
