"""What an operator sees of the filter: log lines, the healthcheck, every spelling of the version."""

from __future__ import annotations

import re
import time
import uuid


def test_a_refusal_is_logged_under_its_request_id_and_without_secrets(cloud, glance):
    request_id = f"req-{uuid.uuid4()}"
    secret = f"i-{uuid.uuid4()}"
    answer = cloud.call(glance, "alice", "POST", "/v2/images", json={"name": "mine", **cloud.tuple(secret)},
                        headers={"X-OpenStack-Request-ID": request_id})  # fmt: skip
    assert answer.status == 403
    assert answer.headers["x-openstack-request-id"] == request_id
    ours = _logged(glance, request_id, "glance_related")
    assert any("instance_aware.not_allowed" in line for line in ours), ours
    everything = glance.log.read_text()
    assert secret not in everything
    for who in ("alice", "admin", "scheduler"):
        assert cloud.token(who) not in everything


def _logged(glance, request_id, logger):
    """Lines of our logger with that request's id; the log is written behind the answer."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = [line for line in glance.log.read_text().splitlines() if request_id in line and logger in line]
        if lines:
            return lines
        time.sleep(0.1)
    return []


def test_the_healthcheck_counts(cloud, glance):
    before = _counts(cloud, glance)
    instance = f"i-{uuid.uuid4()}"
    cloud.bound(glance, "alice", instance)
    assert cloud.ids(glance, "alice", f"?instance_id={instance}")
    assert cloud.call(glance, "alice", "POST", "/v2/images", json=cloud.tuple(instance)).status == 403
    after = _counts(cloud, glance)
    grown = {name: after[name] - before[name] for name in ("bound", "listed", "refused")}
    assert grown == {"bound": 1, "listed": 1, "refused": 1}
    assert after["pending"] == before["pending"]


def _counts(cloud, glance):
    answer = cloud.call(glance, None, "GET", "/healthcheck")
    assert answer.status == 200, answer
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", answer.text)}


def test_a_stock_healthcheck_knows_nothing_of_us(cloud, stock):
    answer = cloud.call(stock, None, "GET", "/healthcheck")
    assert answer.status == 200
    assert "bound" not in answer.text


def test_every_spelling_of_the_version_shows_the_tuple(cloud, glance):
    image_id = cloud.bound(glance, "alice", "i-versions")
    for version in ("v2", "v2.0", "v2.5", "v2.7", "v2.9", "v2.15", "v2.17"):
        shown = cloud.call(glance, "alice", "GET", f"/{version}/images/{image_id}").json()
        assert shown["instance_id"] == "i-versions", version
        assert image_id in cloud.ids(glance, "alice", "?instance_id=i-versions")
    accept = {"Accept": "application/vnd.openstack.images-v2.5"}
    shown = cloud.call(glance, "alice", "GET", f"/images/{image_id}", headers=accept).json()
    assert shown["instance_id"] == "i-versions"
    for path in (f"//v2//images/{image_id}", f"/v2%2Fimages/{image_id}", f"{glance.url}/v2/images/{image_id}"):
        assert cloud.call(glance, "alice", "GET", path).json()["instance_id"] == "i-versions", path


def test_deleting_the_image_deletes_the_row_and_a_refused_delete_keeps_it(cloud, glance):
    image_id = cloud.bound(glance, "alice", "i-deleted")
    assert cloud.call(glance, "bob", "DELETE", f"/v2/images/{image_id}").status == 404
    assert cloud.stored(image_id) == (cloud.installation, "i-deleted")
    assert cloud.call(glance, "alice", "DELETE", f"/v2/images/{image_id}").status == 204
    assert cloud.stored(image_id) is None
