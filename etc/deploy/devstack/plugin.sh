# shellcheck shell=bash
# The suite as a devstack plugin. In local.conf:
#
#     enable_plugin glance_related URL_OF_THIS_REPOSITORY

GLANCE_RELATED_DIR=$DEST/glance_related
GLANCE_RELATED_CONF_DIR=${GLANCE_RELATED_CONF_DIR:-/etc/glance-related}
GLANCE_RELATED_CONF=$GLANCE_RELATED_CONF_DIR/glance-related.conf

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

    # Every pipeline that asks Keystone, once: stack.sh may run again on the same files.
    sed -E -i '/^(keystone|pipeline).*[ =]authtoken( |$)/ {
        / instance_aware( |$)/! s/ context( |$)/ context instance_aware\1/
    }' "$GLANCE_API_PASTE_INI"
    iniset "$GLANCE_API_PASTE_INI" filter:instance_aware use egg:glance_related#instance_aware
    iniset "$GLANCE_API_PASTE_INI" filter:instance_aware config_file "$GLANCE_RELATED_CONF"

    iniset "$GLANCE_API_CONF" keystone_authtoken service_token_roles service
    iniset "$GLANCE_API_CONF" keystone_authtoken service_token_roles_required True
}

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
            ;;
        "unstack ")
            ;;
        "clean ")
            sudo rm -rf "$GLANCE_RELATED_CONF_DIR"
            ;;
    esac
fi
