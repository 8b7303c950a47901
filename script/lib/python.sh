# The Python side (real clients, the bench's peers): one virtual environment at .venv.

# Installs a requirements file, once for each content of it.
# $1: the requirements file, relative to the project's folder.
python_requirements() {
    local wanted installed=.venv/installed-${1//\//-}
    wanted=$(sha256sum "$1" | cut -d ' ' -f 1)
    if [ -x .venv/bin/python ] && [ "$(cat "$installed" 2>/dev/null)" = "$wanted" ] \
        && .venv/bin/python -c '' 2>/dev/null; then
        return 0
    fi
    if ! [ -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
        note "making .venv"
        rm -rf .venv
        python3 -m venv .venv
    fi
    note "installing $1 into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$1"
    printf '%s\n' "$wanted" > "$installed"
}
