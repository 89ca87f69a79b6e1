# The suite in front of a Nova that the nova module manages, its API and its metadata service. The package comes from your
# own repository.
# nova::keystone::service_user needs send_service_user_token => true, and nova::keystone::authtoken service_type =>
# 'compute', for application credentials with access rules: neither is the default.
class profile::glance_related_nova (
  String $database_connection,
  String $mark_key,
  String $nova_installation_uuid,
  String $auth_url,
) {
  include nova::deps

  package { 'glance_related':
    ensure   => installed,
    provider => 'pip3',
    tag      => ['openstack', 'nova-package'],
  }

  file { '/etc/glance-related':
    ensure => directory,
    owner  => 'root',
    group  => 'nova',
    mode   => '0750',
  }

  # Made once, with 'glance-related-manage keys setup', and the same on every host.
  file { '/etc/glance-related/keys':
    ensure    => directory,
    source    => 'puppet:///modules/profile/glance-related-keys',
    recurse   => true,
    purge     => true,
    owner     => 'root',
    group     => 'nova',
    mode      => '0640',
    show_diff => false,
  }

  # Database and key are those of Glance's side, where the tables are made.
  file { '/etc/glance-related/glance-related.conf':
    ensure    => file,
    owner     => 'root',
    group     => 'nova',
    mode      => '0640',
    show_diff => false,
    content   => @("END"),
      [database]
      connection = ${database_connection}

      [riders]
      mark_keys = ${mark_key}

      [instance_aware]
      nova_installation_uuid = ${nova_installation_uuid}

      [package_menu]
      package_management_driver = guest

      [package_menu_ui]
      auth_url = ${auth_url}

      [keys]
      folder = /etc/glance-related/keys
      | END
    tag       => 'nova-file',
  }

  # Whole lines: compare them with those of your release before you take them over.
  nova_api_paste_ini { 'composite:openstack_compute_api_v21/keystone':
    value => 'cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken glance_related instance_aware_nova props_override_nova package_menu keystonecontext osapi_compute_app_v21',
  }

  nova_api_paste_ini { 'composite:openstack_compute_api_v21_legacy_v2_compatible/keystone':
    value => 'cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken glance_related instance_aware_nova props_override_nova package_menu keystonecontext legacy_v2_compatible osapi_compute_app_v21',
  }

  nova_api_paste_ini { 'pipeline:meta/pipeline':
    value => 'cors http_proxy_to_wsgi guest_meta metaapp',
  }

  # Of a section with a colon in its lines: the other sign is as good.
  nova_api_paste_ini { 'composite:osapi_compute//package-menu-ui':
    value => 'package_menu_ui',
  }

  nova_api_paste_ini { 'composite:package_menu_ui/use':
    value => 'egg:glance_related#package_menu_ui',
  }

  nova_api_paste_ini { 'composite:package_menu_ui/api':
    value => 'openstack_compute_api_v21',
  }

  nova_api_paste_ini { 'filter:glance_related/use':
    value => 'egg:glance_related#glance_related',
  }

  nova_api_paste_ini { 'filter:package_menu/use':
    value => 'egg:glance_related#package_menu',
  }

  nova_api_paste_ini { 'filter:guest_meta/use':
    value => 'egg:glance_related#guest_meta',
  }

  nova_api_paste_ini { 'filter:instance_aware_nova/use':
    value => 'egg:glance_related#instance_aware_nova',
  }

  nova_api_paste_ini { 'filter:props_override_nova/use':
    value => 'egg:glance_related#props_override_nova',
  }
}
