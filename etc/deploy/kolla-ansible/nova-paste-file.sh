#!/bin/sh
# Nova's api-paste.ini on stdin; on stdout the same with our filters in both ways into Nova, one before its metadata
# service, and the page's door beside its API.
set -eu
sed -E -e '/^keystone.*[ =]authtoken( |$)/ {
    s/ authtoken( |$)/ authtoken glance_related\1/
    s/ keystonecontext( |$)/ instance_aware_nova props_override_nova package_menu keystonecontext\1/
}' -e '/^\[pipeline:meta\]/,/^$/ s/ metaapp$/ guest_meta metaapp/' \
    -e '/^\[composite:osapi_compute\]/ a /package-menu-ui: package_menu_ui'
cat <<'END'

[filter:glance_related]
use = egg:glance_related#glance_related

[filter:instance_aware_nova]
use = egg:glance_related#instance_aware_nova

[filter:props_override_nova]
use = egg:glance_related#props_override_nova

[filter:package_menu]
use = egg:glance_related#package_menu

[filter:guest_meta]
use = egg:glance_related#guest_meta

[composite:package_menu_ui]
use = egg:glance_related#package_menu_ui
api = openstack_compute_api_v21
END
