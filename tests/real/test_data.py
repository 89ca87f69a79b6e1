"""Image data passes the filter as it is, in both directions."""

from __future__ import annotations

import hashlib
import os

import pytest

_MEGABYTE = 1024 * 1024
_OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_eight_megabytes_come_back_as_they_went(cloud, glance, stock, chunked):
    data = os.urandom(8 * _MEGABYTE + 1)
    image_id = cloud.image(glance, "alice", disk_format="raw", container_format="bare")
    path = f"/v2/images/{image_id}/file"
    up = cloud.call(glance, "alice", "PUT", path, body=data, headers=_OCTETS, chunked=chunked)
    assert up.status == 204, up
    down = cloud.call(glance, "alice", "GET", path)
    assert down.status == 200
    assert hashlib.sha256(down.body).digest() == hashlib.sha256(data).digest()
    assert down.headers["content-length"] == str(len(data))
    beside = cloud.call(stock, "alice", "GET", path)
    assert beside.headers["content-md5"] == down.headers["content-md5"]
    shown = cloud.call(glance, "alice", "GET", f"/v2/images/{image_id}").json()
    assert (shown["status"], shown["size"]) == ("active", len(data))


def test_a_part_of_the_data_is_stocks_own_answer(cloud, glance, stock):
    image_id = cloud.image(glance, "alice", disk_format="raw", container_format="bare")
    path = f"/v2/images/{image_id}/file"
    assert cloud.call(glance, "alice", "PUT", path, body=bytes(range(256)), headers=_OCTETS).status == 204
    ours, theirs = (cloud.call(one, "alice", "GET", path, headers={"Range": "bytes=16-31"}) for one in (glance, stock))
    assert (ours.status, ours.body) == (theirs.status, theirs.body) == (206, bytes(range(16, 32)))
