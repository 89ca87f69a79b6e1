# shellcheck shell=bash
# The suite as a devstack plugin. In local.conf:
#
#     enable_plugin glance_related URL_OF_THIS_REPOSITORY

GLANCE_RELATED_DIR=$DEST/glance_related
GLANCE_RELATED_CONF_DIR=${GLANCE_RELATED_CONF_DIR:-/etc/glance-related}
GLANCE_RELATED_CONF=$GLANCE_RELATED_CONF_DIR/glance-related.conf

# The sections of some filters in a paste file: set_glance_related_sections FILE FILTER...
function set_glance_related_sections {
    local paste=$1 name
    shift
    for name in "$@"; do
        iniset "$paste" "filter:$name" use "egg:glance_related#$name"
        iniset "$paste" "filter:$name" config_file "$GLANCE_RELATED_CONF"
    done
}

function configure_glance_related {
    sudo install -d -o "$STACK_USER" "$GLANCE_RELATED_CONF_DIR"
    iniset "$GLANCE_RELATED_CONF" database connection "$(database_connection_url glance)"
    iniset "$GLANCE_RELATED_CONF" account auth_type password
    iniset "$GLANCE_RELATED_CONF" account auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$GLANCE_RELATED_CONF" account username glance-related
    iniset "$GLANCE_RELATED_CONF" account password "$SERVICE_PASSWORD"
    iniset "$GLANCE_RELATED_CONF" account project_name "$SERVICE_PROJECT_NAME"
    iniset "$GLANCE_RELATED_CONF" account user_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$GLANCE_RELATED_CONF" account project_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$GLANCE_RELATED_CONF" account region_name "$REGION_NAME"
    if [[ -z "$(iniget "$GLANCE_RELATED_CONF" riders mark_keys)" ]]; then
        iniset "$GLANCE_RELATED_CONF" riders mark_keys "$("$GLANCE_BIN_DIR/glance-related-manage" generate-mark-key)"
    fi

    # Guests have what they are to have, and somebody sees to it (glance-related-worker).
    iniset "$GLANCE_RELATED_CONF" package_menu package_management_driver guest
    iniset "$GLANCE_RELATED_CONF" keys folder "$GLANCE_RELATED_CONF_DIR/keys"
    if [[ ! -d "$GLANCE_RELATED_CONF_DIR/keys" ]]; then
        "$GLANCE_BIN_DIR/glance-related-manage" --config-file "$GLANCE_RELATED_CONF" keys setup
    fi

    # Every pipeline that asks Keystone, once: stack.sh may run again on the same files.
    sed -E -i '/^(keystone|pipeline).*[ =]authtoken( |$)/ {
        / instance_aware( |$)/! s/ context( |$)/ context instance_aware\1/
        / props_override( |$)/! s/ instance_aware( |$)/ instance_aware props_override\1/
    }' "$GLANCE_API_PASTE_INI"
    set_glance_related_sections "$GLANCE_API_PASTE_INI" instance_aware props_override

    iniset "$GLANCE_API_CONF" keystone_authtoken service_token_roles service
    iniset "$GLANCE_API_CONF" keystone_authtoken service_token_roles_required True
}

# Nova beside Glance, and Nova's user registered as the one whose snapshots are bound.
function configure_glance_related_nova {
    local uuid
    uuid=$(iniget "$GLANCE_RELATED_CONF" instance_aware nova_installation_uuid)
    uuid=${uuid:-$("$GLANCE_BIN_DIR/glance-related-manage" generate-installation-uuid)}
    iniset "$GLANCE_RELATED_CONF" instance_aware nova_installation_uuid "$uuid"

    sed -E -i '/^keystone.*[ =]authtoken( |$)/ {
        / glance_related( |$)/! s/ authtoken( |$)/ authtoken glance_related\1/
        / instance_aware_nova( |$)/! s/ keystonecontext( |$)/ instance_aware_nova keystonecontext\1/
        / props_override_nova( |$)/! s/ keystonecontext( |$)/ props_override_nova keystonecontext\1/
        / package_menu( |$)/! s/ keystonecontext( |$)/ package_menu keystonecontext\1/
    }
    /^\[pipeline:meta\]/,/^$/ { / guest_meta( |$)/! s/ metaapp$/ guest_meta metaapp/ }' "$NOVA_API_PASTE_INI"
    set_glance_related_sections "$NOVA_API_PASTE_INI" \
        glance_related instance_aware_nova props_override_nova package_menu guest_meta
    configure_glance_related_page

    "$GLANCE_BIN_DIR/glance-related-manage" --config-file "$GLANCE_RELATED_CONF" installation add "$uuid" \
        --name devstack --service-user "$(openstack user show nova --domain "$SERVICE_DOMAIN_NAME" -f value -c id)"
}

# The package menu in a browser: http://HOST/compute/package-menu-ui/
function configure_glance_related_page {
    if ! grep -q '^/package-menu-ui:' "$NOVA_API_PASTE_INI"; then
        sed -i '/^\[composite:osapi_compute\]/ a /package-menu-ui: package_menu_ui' "$NOVA_API_PASTE_INI"
    fi
    iniset "$NOVA_API_PASTE_INI" composite:package_menu_ui use "egg:glance_related#package_menu_ui"
    iniset "$NOVA_API_PASTE_INI" composite:package_menu_ui api openstack_compute_api_v21
    iniset "$NOVA_API_PASTE_INI" composite:package_menu_ui config_file "$GLANCE_RELATED_CONF"
    iniset "$GLANCE_RELATED_CONF" package_menu_ui auth_url "$KEYSTONE_SERVICE_URI/v3"
    if [[ "$SERVICE_PROTOCOL" = http ]]; then
        iniset "$GLANCE_RELATED_CONF" package_menu_ui insecure_cookie true
    fi
}

# What nova-metadata and nova-compute ask for a first boot; nova-cpu.conf is made of this file later.
function configure_glance_related_vendordata {
    iniset "$NOVA_CONF" api vendordata_providers StaticJSON,DynamicJSON
    iniset "$NOVA_CONF" api vendordata_dynamic_targets \
        "cloud-init@$NOVA_SERVICE_PROTOCOL://$NOVA_SERVICE_HOST/compute/v2.1/vendordata"
    configure_keystoneauth "$NOVA_CONF" nova vendordata_dynamic_auth
    # for application credentials with access rules, as glance-related-enc has one
    iniset "$NOVA_CONF" keystone_authtoken service_type compute
}

if [[ "$1 $2" = "stack post-config" ]] && { is_service_enabled n-cpu || is_service_enabled n-api; }; then
    configure_glance_related_vendordata
fi

if is_service_enabled g-api; then
    case "$1 $2" in
        "stack install")
            setup_develop "$GLANCE_RELATED_DIR"
            ;;
        "stack post-config")
            # Accounts and Glance's database are there by now, and Glance is not started yet.
            create_service_user glance-related admin
            configure_glance_related
            "$GLANCE_BIN_DIR/glance-related-manage" --config-file "$GLANCE_RELATED_CONF" db upgrade
            if is_service_enabled n-api; then
                configure_glance_related_nova
            fi
            ;;
        "stack extra")
            run_process glance-related-worker \
                "$GLANCE_BIN_DIR/glance-related-worker --config-file $GLANCE_RELATED_CONF"
            ;;
        "unstack ")
            stop_process glance-related-worker
            ;;
        "clean ")
            sudo rm -rf "$GLANCE_RELATED_CONF_DIR"
            ;;
    esac
fi
