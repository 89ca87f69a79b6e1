"""The cloud of these tests itself: everyone is who he should be, and the filter stands where it should."""


def test_a_trusted_program_binds_and_a_member_sees_nothing_of_it_in_glances_own_tables(cloud, glance, stock):
    made = cloud.call(glance, "scheduler", "POST", "/v2/images", json={"name": "backup", **cloud.tuple("i-1")})
    assert made.status == 201, made
    image_id = made.json()["id"]
    assert made.json()["instance_id"] == "i-1"
    assert cloud.stored(image_id) == (cloud.installation, "i-1")
    assert cloud.native(image_id) == {}
    beside = cloud.call(stock, "scheduler", "GET", f"/v2/images/{image_id}").json()
    assert beside["name"] == "backup"
    assert "instance_id" not in beside


def test_the_stock_glance_has_no_filter_and_ours_has_one(cloud, glance, stock):
    assert cloud.call(glance, "alice", "GET", "/v2/glance-related").status == 200
    assert cloud.call(stock, "alice", "GET", "/v2/glance-related").status == 404


def test_without_a_token_nobody_is_served(cloud, glance):
    assert cloud.call(glance, None, "GET", "/v2/images").status == 401
