"""``reconcile`` as a command, at a small Keystone, Glance and Nova of this process."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from glance_related.db.models import utcnow
from glance_related.instance_aware.register import Installation
from glance_related.instance_ref import InstanceRef
from tests.unit.hosts.test_account import Services, services

__all__ = ["services"]

NOVA = "11111111-2222-3333-4444-555555555555"
SERVER = "aaaaaaaa-0000-4000-8000-000000000001"
IMAGE = "bbbbbbbb-0000-4000-8000-000000000001"
DAY = datetime.timedelta(days=1)
FROM_SERVICE = {"X-Openstack-Request-Id": "req-1"}


class Cloud:
    """An old snapshot that nobody has bound, and the record of its server."""

    def __init__(self, services: Services, operator, made_at: datetime.datetime) -> None:
        self.services, self.operator = services, operator
        self.nova_status = 200
        self._made_at = made_at
        self._others = services._usual
        services._usual = self.answer
        services.catalog.append(
            {"type": "compute", "endpoints": [services._endpoint("public", f"{services.url}/nova")]}
        )
        operator.store.add_installation(Installation(NOVA, "nova", ("nova",), ()))

    def answer(self, request):
        path = request.path
        if path == "/v2/glance-related":
            about = {"database_id": self.operator.store.state()["database_id"], "is_admin": True}
            return 200, FROM_SERVICE, about
        if path.startswith("/v2/images?"):
            since = re.search(r"created_at=gte:([^&]*)", path)[1]
            is_shown = "os_hidden=false" in path and "marker" not in path and since <= self._made_at.isoformat()
            return 200, FROM_SERVICE, {"images": [self._image()] if is_shown else []}
        if path.startswith("/nova/servers?"):
            return self.nova_status, FROM_SERVICE, {"servers": []}
        if path.startswith(f"/nova/servers/{SERVER}/os-instance-actions"):
            return 200, FROM_SERVICE, {"instanceActions": [self._action()]}
        return self._others(request)

    def _image(self):
        said = {"image_type": "snapshot", "instance_uuid": SERVER, "user_id": "alice", "owner": "alice-project"}
        return {"id": IMAGE, "created_at": f"{self._made_at.isoformat()}Z", **said}

    def _action(self):
        who = {"user_id": "alice", "project_id": "alice-project", "instance_uuid": SERVER, "message": None}
        return {
            "action": "createImage",
            "request_id": "req-1",
            "start_time": f"{self._made_at.isoformat()}.000000",
            **who,
        }


@pytest.fixture
def cloud(services, operator):
    operator.write(
        operator.conf.read_text() + f"[account]\nauth_type = v3password\nauth_url = {services.url}/v3\n"
        "username = u\npassword = p\nproject_name = service\nuser_domain_name = Default\n"
        "project_domain_name = Default\nregion_name = One\ntimeout = 5\n"
    )
    return Cloud(services, operator, utcnow() - 3 * DAY)


def test_a_novas_image_is_found_and_bound_and_the_table_says_so(cloud, operator):
    done = operator.run("reconcile")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"found and bound +1$", done.out, re.MULTILINE)
    assert operator.store.refs([IMAGE]) == {IMAGE: InstanceRef(NOVA, SERVER)}


def test_a_dry_run_binds_nothing(cloud, operator):
    done = operator.run("reconcile", "--dry-run", "-f", "json")
    assert (done.code, json.loads(done.out)["found"]) == (0, 1)
    assert operator.store.refs([IMAGE]) == {}


@pytest.mark.parametrize(("days", "found"), [(1, 0), (2, 0), (3, 1), (99999, 1)])
def test_since_says_how_many_days_to_look_back(cloud, operator, days, found):
    done = operator.run("reconcile", "--since", str(days), "-f", "json")
    assert (done.code, json.loads(done.out)["found"]) == (0, found)
    assert len(operator.store.refs([IMAGE])) == found


@pytest.mark.parametrize(("back", "found"), [(1, 0), (3, 1)])
def test_since_says_from_which_day_on(cloud, operator, back, found):
    day = (utcnow() - back * DAY).date().isoformat()
    done = operator.run("reconcile", "--since", day, "-f", "json")
    assert (done.code, json.loads(done.out)["found"]) == (0, found)


@pytest.mark.parametrize("since", ["yesterday", "-1", "1.5", "2024-13-01", "2999-01-01", "999999", ""])
def test_a_since_that_is_no_time_is_refused(cloud, operator, since, capsys):
    with pytest.raises(SystemExit) as refused:
        operator.run("reconcile", f"--since={since}")
    assert refused.value.code == 2
    assert "--since" in capsys.readouterr().err
    assert cloud.services.asked == []


def test_a_nova_that_refuses_the_account_is_one_sentence_that_names_the_setting(cloud, operator):
    cloud.nova_status = 403
    done = operator.run("reconcile")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "Nova nova: it refuses the account (403): give the user in [account] the role admin." in done.err
    assert operator.store.refs([IMAGE]) == {}
