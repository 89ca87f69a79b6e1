"""The suite's own account: what is asked outside any request, as ``reconcile`` and ``config check`` do.

Group ``[account]`` of ``glance-related.conf`` says who the suite is at Keystone. Least privilege: a user
of its own, in a project where nobody else works (``service``), with the one role that the policies
``context_is_admin`` of Glance and of Nova name (``admin`` where nobody changed them). In Glance, because only
to an administrator does a 404 mean that an image is gone. In Nova, because its record of a server's actions
(policies ``os_compute_api:os-instance-actions:list`` and ``:show``) is shown to readers of the server's own
project and to administrators, and to everybody else the server is not there. Role ``service`` is not needed,
and no other service has to know the user. The suite only ever reads with it: images one by one, lists of
images, servers and their actions, whether a user exists, which roles it has, and the id of a name.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from keystoneauth1 import exceptions, loading

from glance_related.settings.options import ACCOUNT_GROUP, ConfigError, Settings

#: Seconds for one answer where ``[account] timeout`` says nothing.
TIMEOUT = 30
_RETRIES = 2
_VERSION = re.compile(r"/v\d[\d.]*$")


class Unreachable(Exception):
    """Keystone, Glance or a Nova does not answer; the text says which, in one sentence."""


@dataclass(frozen=True)
class Answer:
    """What a service answered.

    :param headers: names in lower case
    :param document: the body where it is JSON, else None
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None

    @property
    def is_from_service(self) -> bool:
        """Whether the service itself answered: a proxy's or a load balancer's 404 has no request id of OpenStack's."""
        return "x-openstack-request-id" in self.headers


class Account:
    """The suite's own user at Keystone; every wait is bounded.

    :param settings: ``[account]`` is read at once, Keystone is asked at the first call
    :raises ConfigError: one sentence that names the fix
    """

    def __init__(self, settings: Settings) -> None:
        self._file = settings.config_file
        self._group = settings.conf[ACCOUNT_GROUP]
        try:
            auth = loading.load_auth_from_conf_options(settings.conf, ACCOUNT_GROUP)
            self._session = loading.load_session_from_conf_options(settings.conf, ACCOUNT_GROUP, auth=auth)
        except exceptions.MissingRequiredOptions as error:
            missing = ", ".join(option.dest for option in error.options)
            raise self._wrong(f"these options are missing: {missing}; set them") from None
        except exceptions.NoMatchingPlugin as error:
            raise self._wrong(f"there is no auth_type '{error.name}'; set it to password") from None
        except exceptions.AuthPluginException as error:  # options that do not go together
            raise self._wrong(" ".join(str(error).split()).rstrip(".")) from None
        if auth is None:
            raise self._wrong("auth_type is not set; set it to password, and name a user who is admin in Glance")
        if self._session.timeout is None:
            self._session.timeout = TIMEOUT

    def _from_catalog(self, service: str, region: str | None = None) -> str | None:
        def look_up() -> Any:
            try:
                return self._session.get_endpoint(
                    service_type=service,
                    interface=self._group.valid_interfaces,
                    region_name=region or self._group.region_name,
                )
            except exceptions.CatalogException:
                return None

        url: str | None = self._guarded("Keystone", look_up)
        return url

    def _get(self, url: str, who: str, headers: Mapping[str, str] | None = None) -> Answer:
        response = self._guarded(
            who,
            lambda: self._session.get(
                url,
                headers={"Accept": "application/json", **(headers or {})},
                raise_exc=False,
                redirect=False,
                connect_retries=_RETRIES,
                status_code_retries=_RETRIES,
            ),
        )
        answered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, answered, _document(response))

    def _guarded(self, who: str, ask: Any) -> Any:
        try:
            return ask()
        except exceptions.Unauthorized:
            raise self._wrong("Keystone refuses the account; put its user, password and project right") from None
        except exceptions.SSLError:
            raise self._wrong(f"the certificate of {who} is not trusted; set cafile") from None
        except (exceptions.MissingRequiredOptions, exceptions.AuthPluginException) as error:
            reason = type(error).__name__
            raise self._wrong(f"Keystone cannot be asked ({reason}); put auth_url and auth_type right") from None
        except (exceptions.ConnectionError, exceptions.DiscoveryFailure, exceptions.RetriableConnectionFailure):
            raise Unreachable(f"{who} does not answer (section [{ACCOUNT_GROUP}] of {self._file}).") from None
        except requests.RequestException as error:
            raise Unreachable(f"{who} does not answer as HTTP does ({type(error).__name__}).") from None
        except OSError:  # what requests says of a path that is not there
            raise self._wrong("cafile, certfile or keyfile names a file that is not there; put it right") from None
        except exceptions.ClientException as error:
            raise Unreachable(
                f"{who} cannot be asked ({type(error).__name__}; section [{ACCOUNT_GROUP}] of {self._file})."
            ) from None

    def _wrong(self, what: str) -> ConfigError:
        return ConfigError(f"{self._file}: [{ACCOUNT_GROUP}]: {what}.")


class GlanceAccount(Account):
    """Glance, as the suite's own user sees it.

    :raises ConfigError: one sentence that names the fix
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._endpoint: str | None = None

    def get(self, path: str) -> Answer:
        """GET a path of Glance's API, as ``/v2/images?limit=1``.

        :raises Unreachable: Keystone or Glance does not answer
        :raises ConfigError: Keystone refuses the account, or knows no endpoint of Glance
        """
        return self._get(self.endpoint() + path, "Glance")

    def endpoint(self) -> str:
        """Where Glance is, without a version."""
        if self._endpoint is None:
            url = self._group.glance_endpoint or self._from_catalog("image")
            if url is None:
                raise self._wrong(
                    "the catalog has no endpoint of Glance for region_name and valid_interfaces; set glance_endpoint"
                )
            self._endpoint = _VERSION.sub("", url.rstrip("/"))
        return self._endpoint

    def user_exists(self, user_id: str) -> bool | None:
        """Whether Keystone knows a user; None where the account may not ask, or Keystone does not say.

        :raises Unreachable:
        :raises ConfigError:
        """
        answer = self._keystone(f"/v3/users/{user_id}")
        return {200: True, 404: False}.get(answer.status) if answer else None

    def user_ids(self, name: str, domain_id: str | None = None, domain_name: str | None = None) -> list[str] | None:
        """The ids that users of a name have; None where the account may not ask, or Keystone does not say.

        :param domain_id: looked for in this domain only, or in that of ``domain_name``; without either in all
        :raises Unreachable:
        :raises ConfigError:
        """
        asked = {"name": name}
        if domain_id is None and domain_name is not None:
            domains = self._named("domains", {"name": domain_name})
            if not domains:
                return domains
            domain_id = domains[0]
        if domain_id is not None:
            asked["domain_id"] = domain_id
        return self._named("users", asked)

    def _named(self, what: str, asked: Mapping[str, str]) -> list[str] | None:
        answer = self._keystone(f"/v3/{what}?{urllib.parse.urlencode(asked)}")
        if answer is None or answer.status != 200 or not isinstance(answer.document, dict):
            return None
        return [str(one["id"]) for one in answer.document.get(what, [])]

    def _keystone(self, path: str) -> Answer | None:
        """GET a path of Keystone's; None where the catalog does not say where Keystone is."""
        url = self._from_catalog("identity")
        return None if url is None else self._get(_VERSION.sub("", url.rstrip("/")) + path, "Keystone")


def _document(response: Any) -> Any:
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        return None
    try:
        return response.json()
    except ValueError:
        return None
