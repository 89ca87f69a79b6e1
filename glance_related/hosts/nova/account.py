"""`NovaAccount`: a Nova, as the suite's own user sees it."""

from __future__ import annotations

from glance_related.hosts.account import Account, Answer
from glance_related.settings.options import Settings

#: The microversions that are asked for, the first that this Nova knows: from 2.21 the actions of deleted servers are
#: told too, from 2.58 (Queens) they can be asked for a stretch of time, and in pages; in 2.98 a server is shown with
#: the properties of its image.
MICROVERSIONS = ("2.98", "2.58")


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
        self._microversions: tuple[str, ...] = MICROVERSIONS

    def get(self, path: str) -> Answer:
        """GET a path behind the version, as ``/servers/{id}``.

        :raises Unreachable: Keystone or that Nova does not answer
        :raises ConfigError: Keystone refuses the account
        """
        url = self.endpoint()
        if url is None:
            return Answer(0)
        answer = self._get(url + path, "Nova", {"OpenStack-API-Version": f"compute {self._microversions[0]}"})
        while answer.status == 406 and len(self._microversions) > 1:
            self._microversions = self._microversions[1:]
            answer = self._get(url + path, "Nova", {"OpenStack-API-Version": f"compute {self._microversions[0]}"})
        return answer

    def endpoint(self) -> str | None:
        """Where that Nova is, with the version; None where the catalog has none."""
        if self._endpoint is None:
            url = self._from_catalog("compute", self._region)
            self._endpoint = None if url is None else url.rstrip("/")
        return self._endpoint
