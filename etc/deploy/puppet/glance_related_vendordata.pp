# On hosts of nova-metadata and on every compute host: Nova asks the suite what a guest's first boot gets, as Nova's user.
class profile::glance_related_vendordata (
  String $nova_url,
  String $auth_url,
  String $password,
) {
  class { 'nova::vendordata':
    vendordata_providers                 => ['StaticJSON', 'DynamicJSON'],
    vendordata_dynamic_targets           => ["cloud-init@${nova_url}/v2.1/vendordata"],
    vendordata_dynamic_auth_auth_type    => 'password',
    vendordata_dynamic_auth_auth_url     => $auth_url,
    vendordata_dynamic_auth_username     => 'nova',
    vendordata_dynamic_auth_password     => $password,
    vendordata_dynamic_auth_project_name => 'services',
  }
}
