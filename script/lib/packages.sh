# Distribution packages (Debian, Ubuntu): what is there is left alone, what is missing is installed.

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root, by sudo when the caller is somebody else.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Installs the packages named, none when none are. Needs root or sudo, and the network.
install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "missing: $*; install them by hand, this is no Debian or Ubuntu"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        fail "missing: $*; run as root: apt-get update && apt-get install --no-install-recommends $*"
    fi
    note "installing: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# The server package would start a cluster `main` on port 5432, which nobody here asked for:
# Debian's own switch for that is on while the package is installed, and taken away again.
install_postgres_server() {
    local folder=/etc/postgresql-common/createcluster.d
    local switch=$folder/rookery-no-main-cluster.conf
    as_root mkdir -p "$folder"
    as_root sh -c "echo 'create_main_cluster = false' > '$switch'"
    install_packages postgresql
    as_root rm -f "$switch"
    as_root rmdir --ignore-fail-on-non-empty "$folder"
}

# The package would start a server on port 6379, which nobody here asked for. Debian's switch for that is a file
# that says no to every start; one that is there already says what it says.
install_redis_server() {
    local switch=/usr/sbin/policy-rc.d is_ours=
    if ! [ -e "$switch" ]; then
        is_ours=1
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' > '$switch' && chmod +x '$switch'"
    fi
    install_packages redis-server
    [ -z "$is_ours" ] || as_root rm -f "$switch"
}
