"""`NovaAccount`: a Nova, as the suite's own user sees it."""

from __future__ import annotations

from glance_related.hosts.account import Account, Answer
from glance_related.settings.options import Settings

#: The microversion that is asked for: from 2.21 the actions of deleted servers are told too, from 2.58 (Queens)
#: they can be asked for a stretch of time, and in pages.
MICROVERSION = "2.58"


class NovaAccount(Account):
    """The Nova of a region; every wait is bounded.

    :param settings: ``[account]``
    :param region: where the catalog has its compute endpoint; None: the region of ``[account]``
    :raises ConfigError: one sentence that names the fix
    """

    def __init__(self, settings: Settings, region: str | None) -> None:
        super().__init__(settings)
        self._region = region
        self._endpoint: str | None = None

    def get(self, path: str) -> Answer:
        """GET a path behind the version, as ``/servers/{id}``.

        :raises Unreachable: Keystone or that Nova does not answer
        :raises ConfigError: Keystone refuses the account
        """
        url = self.endpoint()
        if url is None:
            return Answer(0)
        return self._get(url + path, "Nova", {"OpenStack-API-Version": f"compute {MICROVERSION}"})

    def endpoint(self) -> str | None:
        """Where that Nova is, with the version; None where the catalog has none."""
        if self._endpoint is None:
            url = self._from_catalog("compute", self._region)
            self._endpoint = None if url is None else url.rstrip("/")
        return self._endpoint
