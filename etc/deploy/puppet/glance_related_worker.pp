# A worker of the package menu, on hosts with profile::glance_related: it has the configuration of that, and its user.
# The unit is the project's own etc/glance-related-worker.service, beside the keys in the files of your module.
class profile::glance_related_worker {
  require profile::glance_related

  file { '/etc/glance-related/keys':
    ensure    => directory,
    source    => 'puppet:///modules/profile/glance-related-keys',
    recurse   => true,
    purge     => true,
    owner     => 'root',
    group     => 'glance',
    mode      => '0640',
    show_diff => false,
  }

  file { '/etc/systemd/system/glance-related-worker.service':
    ensure => file,
    source => 'puppet:///modules/profile/glance-related-worker.service',
    owner  => 'root',
    group  => 'root',
    mode   => '0644',
  }

  service { 'glance-related-worker':
    ensure    => running,
    enable    => true,
    subscribe => File[
      '/etc/glance-related/keys',
      '/etc/glance-related/glance-related.conf',
      '/etc/systemd/system/glance-related-worker.service'
    ],
  }
}
