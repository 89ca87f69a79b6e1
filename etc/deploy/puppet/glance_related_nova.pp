# The suite in front of a Nova that the nova module manages. The package comes from your own repository.
# nova::keystone::service_user needs send_service_user_token => true, which is not its default.
class profile::glance_related_nova (
  String $database_connection,
  String $mark_key,
  String $nova_installation_uuid,
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
      | END
    tag       => 'nova-file',
  }

  # Whole lines: compare them with those of your release before you take them over.
  nova_api_paste_ini { 'composite:openstack_compute_api_v21/keystone':
    value => 'cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken instance_aware_nova props_override_nova keystonecontext osapi_compute_app_v21',
  }

  nova_api_paste_ini { 'composite:openstack_compute_api_v21_legacy_v2_compatible/keystone':
    value => 'cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken instance_aware_nova props_override_nova keystonecontext legacy_v2_compatible osapi_compute_app_v21',
  }

  nova_api_paste_ini { 'filter:instance_aware_nova/use':
    value => 'egg:glance_related#instance_aware_nova',
  }

  nova_api_paste_ini { 'filter:props_override_nova/use':
    value => 'egg:glance_related#props_override_nova',
  }
}
