"""Two Novas on one Glance: the same story on both, kept apart by their installations."""

from __future__ import annotations

import pytest

from tests.real.nova.known import assert_bound, assert_gone, assert_never_heard, backup, ids, listed, shelve, snapshot
from tests.servers.ports import free_port


class Story:
    """A server of alice on one of the Novas, and all its images."""

    def __init__(self, cloud, nova, installation):
        self.nova, self.installation = nova, installation
        self.server = cloud.boot("alice", f"on {nova.name}", on=nova)
        self.snapshot = snapshot(cloud, "alice", self.server, on=nova)
        self.rotated = backup(cloud, "alice", self.server, "the first", 1, on=nova)
        self.backup = backup(cloud, "alice", self.server, "the second", 1, on=nova)
        self.shelved = shelve(cloud, "alice", self.server, on=nova)
        self.images = {self.snapshot, self.backup, self.shelved}


@pytest.fixture(scope="module")
def stories(nova_cloud):
    told = [
        Story(nova_cloud, nova_cloud.nova, nova_cloud.installation),
        Story(nova_cloud, nova_cloud.nova2, nova_cloud.installation2),
    ]
    yield told
    for story in told:
        nova_cloud.delete_server("alice", story.server, on=story.nova)


def test_each_nova_s_images_are_bound_to_its_own_installation(nova_cloud, stories):
    for story in stories:
        for image_id in story.images:
            assert_bound(nova_cloud, image_id, story.server, installation=story.installation)
        assert_gone(nova_cloud, story.rotated)
        assert_never_heard(nova_cloud, story.nova)


def test_lists_by_installation_keep_them_apart(nova_cloud, stories):
    first, second = stories
    for story, other in ((first, second), (second, first)):
        for who in ("alice", "admin"):
            assert listed(nova_cloud, who, story.server, story.installation) == story.images
            assert listed(nova_cloud, who, story.server, other.installation) == set()
            whole = set(ids(nova_cloud.images(who, f"?nova_installation_uuid={story.installation}&limit=1000")))
            assert story.images <= whole
            assert not other.images & whole
        assert listed(nova_cloud, "bob", story.server, story.installation) == set()


def test_the_scheduler_asks_one_question_whichever_nova_it_was(nova_cloud, stories):
    customer = nova_cloud.project("alice")
    for story in stories:
        question = (
            f"?nova_installation_uuid={story.installation}&instance_id={story.server}&customer={customer}&limit=1000"
        )
        answered = nova_cloud.images("scheduler", question)
        assert set(ids(answered)) == story.images
        assert {image["nova_installation_uuid"] for image in answered} == {story.installation}
        assert nova_cloud.call(nova_cloud.glance, "bob", "GET", f"/v2/images{question}").json()["images"] == []


def test_the_second_nova_s_service_user_cannot_bind_for_the_first(nova_cloud, stories):
    """Its filter has the first one's installation and mark key; Glance knows better who is asking."""
    second = stories[1]
    extra = nova_cloud.nova2.extra_api(
        "nova2-in-disguise", free_port(), filters="instance_aware_nova",
        suite_conf=nova_cloud.compute.sites[0].suite.conf,
    )  # fmt: skip
    extra.start()
    try:
        server = nova_cloud.boot("alice", "in disguise", on=extra)
        image_id = snapshot(nova_cloud, "alice", server, on=extra)
    finally:
        extra.stop()
    riders = nova_cloud.suite_rows("select * from glance_related_riders where content like %s", f"%{server}%")
    assert [row["nova_installation_uuid"] for row in riders] == [nova_cloud.installation], "the lie was on its way"
    assert nova_cloud.stored(image_id) is None
    assert nova_cloud.image(image_id)["properties"]["instance_uuid"] == server, "and the snapshot was made"
    assert listed(nova_cloud, "alice", server) == set()
    assert "instance_id" not in nova_cloud.shown("alice", image_id)
    honest = snapshot(nova_cloud, "alice", server, on=second.nova)
    assert_bound(nova_cloud, honest, server, installation=nova_cloud.installation2)
    nova_cloud.delete_server("alice", server, on=second.nova)
