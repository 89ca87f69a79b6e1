# The suite in front of a Glance that the glance module manages. The package comes from your own repository.
class profile::glance_related (
  String $database_connection,
  String $auth_url,
  String $password,
  String $mark_key,
  String $region = 'RegionOne',
) {
  include glance::deps

  package { 'glance_related':
    ensure   => installed,
    provider => 'pip3',
    tag      => ['openstack', 'glance-package'],
  }

  file { '/etc/glance-related':
    ensure => directory,
    owner  => 'root',
    group  => 'glance',
    mode   => '0750',
  }

  file { '/etc/glance-related/glance-related.conf':
    ensure    => file,
    owner     => 'root',
    group     => 'glance',
    mode      => '0640',
    show_diff => false,
    content   => @("END"),
      [database]
      connection = ${database_connection}

      [account]
      auth_type = password
      auth_url = ${auth_url}
      username = glance-related
      password = ${password}
      project_name = service
      user_domain_name = Default
      project_domain_name = Default
      region_name = ${region}

      [riders]
      mark_keys = ${mark_key}

      [package_menu]
      package_management_driver = guest

      [keys]
      folder = /etc/glance-related/keys
      | END
    tag       => 'glance-file',
  }

  # Whole lines: compare them with those of your release before you take them over.
  glance_api_paste_ini { 'composite:api/keystone':
    value => 'cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context instance_aware props_override rootapp',
  }

  glance_api_paste_ini { 'composite:api/keystone+caching':
    value => 'cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context instance_aware props_override cache rootapp',
  }

  glance_api_paste_ini { 'composite:api/keystone+cachemanagement':
    value => 'cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context instance_aware props_override cache cachemanage rootapp',
  }

  glance_api_paste_ini { 'filter:instance_aware/use':
    value => 'egg:glance_related#instance_aware',
  }

  glance_api_paste_ini { 'filter:props_override/use':
    value => 'egg:glance_related#props_override',
  }

  exec { 'glance-related-manage db upgrade':
    path        => ['/usr/local/bin', '/usr/bin', '/bin'],
    user        => 'glance',
    refreshonly => true,
    subscribe   => [Package['glance_related'], File['/etc/glance-related/glance-related.conf']],
    before      => Anchor['glance::service::begin'],
  }
}
