# A private PostgreSQL for one run: its own folder and free port, gone when the script ends.
#
# The server is a child of the script and asks the kernel for SIGINT (a fast shutdown) when the
# script dies, so even a killed script leaves none behind. It refuses to run as root; as root it
# runs as `postgres`, or as `nobody` where there is no such user.

POSTGRES_VERSIONS="17 16 15 14"

# Prints the folder that holds initdb and postgres; fails when there is none.
postgres_binaries() {
    local version folder
    for version in $POSTGRES_VERSIONS; do
        folder=/usr/lib/postgresql/$version/bin
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    folder=$(dirname "$(command -v initdb 2>/dev/null)" 2>/dev/null) && [ -x "$folder/postgres" ] \
        && printf '%s\n' "$folder"
}

# Puts the command that drops root for the database's user into the array `postgres_as`; setpriv takes
# more options at its end.
postgres_account() {
    postgres_as=(setpriv)
    [ "$(id -u)" = 0 ] || return 0
    local user=postgres
    getent passwd "$user" >/dev/null || user=nobody
    postgres_as+=(--reuid "$user" --regid "$(id -g "$user")" --clear-groups)
    chown "$user" "$postgres_folder"
}

# Starts a server and waits until it takes connections.
# $@: settings as name=value. Sets POSTGRES_URL, a superuser's URL over TCP, and POSTGRES_PID.
postgres_start() {
    local binaries attempt port setting password
    binaries=$(postgres_binaries) || fail "no PostgreSQL server found (versions $POSTGRES_VERSIONS)"
    postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/rookery-postgres.XXXXXX")
    POSTGRES_PID=
    postgres_account
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$password" >"$postgres_folder/password"
    "${postgres_as[@]}" "$binaries/initdb" --pgdata "$postgres_folder/data" --username postgres \
        --auth-local trust --auth-host scram-sha-256 --pwfile "$postgres_folder/password" \
        --encoding UTF8 --no-locale --no-sync >"$postgres_folder/initdb.log" 2>&1 \
        || fail "initdb: $(tail -n 3 "$postgres_folder/initdb.log")"
    rm "$postgres_folder/password"
    for setting in "$@" "listen_addresses='127.0.0.1'" "unix_socket_directories='$postgres_folder'"; do
        printf '%s\n' "$setting"
    done >>"$postgres_folder/data/postgresql.conf"
    for attempt in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        if postgres_run "$binaries" "$port"; then
            POSTGRES_URL=postgresql://postgres:$password@127.0.0.1:$port/postgres
            return 0
        fi
    done
    fail "PostgreSQL did not start: $(tail -n 3 "$postgres_folder/server.log")"
}

# One attempt on one port; a port that is taken ends the server at once.
postgres_run() {
    local binaries=$1 port=$2 tick
    "${postgres_as[@]}" --pdeathsig INT "$binaries/postgres" -D "$postgres_folder/data" -p "$port" \
        >"$postgres_folder/server.log" 2>&1 &
    POSTGRES_PID=$!
    for ((tick = 0; tick < 300; tick++)); do
        if "$binaries/pg_isready" -q -h 127.0.0.1 -p "$port"; then return 0; fi
        kill -0 "$POSTGRES_PID" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# Ends the server and removes its folder; for a trap on EXIT, so it keeps the exit status.
postgres_stop() {
    local status=$?
    if [ -n "${POSTGRES_PID:-}" ] && kill -QUIT "$POSTGRES_PID" 2>/dev/null; then
        wait "$POSTGRES_PID" 2>/dev/null || true
    fi
    [ -z "${postgres_folder:-}" ] || rm -rf "$postgres_folder"
    return "$status"
}
