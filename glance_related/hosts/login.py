"""A person logs in at Keystone with his password, and out again; every wait is bounded.

The password is used once and kept nowhere. Keystone's certificate is judged as ``[account]`` says (``cafile``,
``insecure``), and waited for as long (``timeout``).
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from glance_related.hosts.account import Unreachable
from glance_related.settings.options import ACCOUNT_GROUP, Settings

LOG = logging.getLogger(__name__)

#: Seconds for one answer where ``[account] timeout`` says nothing: somebody sits and waits.
TIMEOUT = 10


#: How keystoneauth1 fails over a document that is none of Keystone's.
_NO_TOKEN = (ValueError, KeyError, IndexError, AttributeError, TypeError)

Answer = TypeVar("Answer")


class LoginRefused(Exception):
    """Keystone does not let him in. Why is nobody's business: it would tell who is known."""


class MoreAsked(Exception):
    """Keystone asks for more than a password; that the password is right it tells everybody who asks it."""


@dataclass(frozen=True)
class Credentials:
    """What a person types."""

    user: str
    password: str = field(repr=False)
    user_domain: str
    project: str
    project_domain: str


@dataclass(frozen=True)
class LoggedIn:
    """A token, and whose it is.

    :param expires_at: UTC, naive
    """

    token: str = field(repr=False)
    expires_at: datetime.datetime
    user_id: str
    user_name: str
    project_id: str
    project_name: str


class Login:
    """Keystone, asked for tokens.

    :param settings: ``[account]`` says how its certificate is judged
    :param auth_url: Keystone's URL, with or without ``/v3``
    """

    def __init__(self, settings: Settings, auth_url: str) -> None:
        group = settings.conf[ACCOUNT_GROUP]
        self._url = auth_url.rstrip("/").removesuffix("/v3") + "/v3"
        self._verify = False if group.insecure else (group.cafile or True)
        self._timeout = group.timeout or TIMEOUT

    def log_in(self, credentials: Credentials, address: str | None = None) -> LoggedIn:
        """A token for a project.

        :param address: whose browser it is, for Keystone's records
        :raises LoginRefused:
        :raises MoreAsked:
        :raises Unreachable: Keystone does not answer, or not as it should
        """
        auth = v3.Password(
            self._url,
            credentials.password,
            username=credentials.user,
            user_domain_name=credentials.user_domain,
            project_name=credentials.project,
            project_domain_name=credentials.project_domain,
            reauthenticate=False,
            include_catalog=False,
        )
        return self._asked(lambda: _logged_in(auth.get_auth_ref(self._session(address))))

    def log_out(self, token: str) -> None:
        """Tell Keystone that a token is not used any more; where that fails it ends by itself."""
        try:
            self._asked(
                lambda: self._session(None).delete(
                    f"{self._url}/auth/tokens",
                    authenticated=False,
                    headers={"X-Auth-Token": token, "X-Subject-Token": token},
                )
            )
        except LoginRefused:
            return  # it has ended already
        except (Unreachable, MoreAsked) as error:
            LOG.info("a token was not revoked: %s", error)

    def _session(self, address: str | None) -> Any:
        # a redirect would carry the password to somewhere else
        return Session(verify=self._verify, timeout=self._timeout, redirect=False, original_ip=address)

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except (exceptions.Unauthorized, exceptions.BadRequest, exceptions.Forbidden):
            raise LoginRefused from None
        except exceptions.MissingAuthMethods:
            raise MoreAsked from None
        except exceptions.SSLError:
            raise Unreachable(f"the certificate of Keystone is not trusted; set [{ACCOUNT_GROUP}] cafile") from None
        except (exceptions.ClientException, requests.RequestException, OSError, *_NO_TOKEN) as error:
            raise Unreachable(f"Keystone does not answer as it should ({type(error).__name__})") from None


def _logged_in(access: Any) -> LoggedIn:
    if not access.project_id or access.expires is None:
        raise LoginRefused
    names = (access.auth_token, access.user_id, access.username, access.project_id, access.project_name)
    if not all(isinstance(name, str) for name in names):
        raise TypeError("what should be a text is none")
    return LoggedIn(
        token=access.auth_token,
        expires_at=access.expires.astimezone(datetime.UTC).replace(tzinfo=None),
        user_id=access.user_id,
        user_name=access.username,
        project_id=access.project_id,
        project_name=access.project_name,
    )
