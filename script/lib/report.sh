# How the scripts speak: a title for each section, one line on stderr for what stops them.

section() { printf '\n== %s\n' "$*"; }
note() { printf '%s\n' "$*" >&2; }
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}
