#!/bin/bash
# Installs or repairs solar-battery-monitoring on Raspberry Pi OS and Debian 12 or 13, 32 or 64 bit; then asks what the site
# needs (`solar setup`). It may be run again at any time: settings and journal stay.
#
#   sudo ./install.sh                            from the directory of a copy of the project
#   curl -fsSL https://…/install.sh | sudo bash -s -- --from https://GIT.EXAMPLE.ORG/solar-battery-monitoring.git
#
#   --from SOURCE    a git address or directory, or a wheelhouse: a .tar.gz with all wheels, for a site without a network
#   --no-setup       ask nothing
#   --answers FILE   the answers for `solar setup`
#   --beside         only make the program's directory in /opt/solar and print its name: for `solar update`
#
# What it does, step by step: docs/by-hand.md.
set -euo pipefail
umask 022

OPT=/opt/solar
from=
answers=
beside=no
setup=yes

main() {
    while [ $# -gt 0 ]; do
        case $1 in
            --from) from=${2:?} && shift ;;
            --answers) answers=$(realpath "${2:?}") && shift ;;
            --no-setup) setup=no ;;
            --beside) beside=yes ;;
            *) fail "unknown option $1; the options stand at the top of install.sh" ;;
        esac
        shift
    done
    [ "$(id -u)" = 0 ] || fail "this needs root: sudo $0"
    if [ -z "$from" ] && [ -f "$(dirname "$0")/pyproject.toml" ]; then from=$(realpath "$(dirname "$0")"); fi
    [ -n "$from" ] || fail "where is the project? --from ADDRESS"
    if [ $beside = yes ]; then
        make_program >&2
        echo "$version"
        return
    fi
    [ -d /run/systemd/system ] || fail "this computer does not run systemd; docs/deploy.md is for containers"
    say "1/4 packages" && install_packages
    say "2/4 program" && make_program
    say "3/4 users and services" # each on a line of its own: within && a failure would be no end
    switch_to "$version"
    "$OPT/current/share/solar/install-services"
    let_the_person_in
    make_directories
    # If it is not the first time.
    systemctl try-restart solar-logger solar-uploader solar-page solar-alert solar-mqtt
    if [ $setup = no ]; then
        say "4/4 installed: solar $version. Next: sudo solar setup"
    elif [ -n "$answers" ]; then
        say "4/4 setup" && solar setup --answers "$answers"
    elif { : </dev/tty; } 2>/dev/null; then # also if this script itself comes through a pipe
        say "4/4 setup: Enter accepts what is in brackets" && solar setup </dev/tty
    else
        say "4/4 installed: solar $version. There is no terminal to ask at. Next: sudo solar setup"
    fi
}

say() { echo "== $1"; }

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

install_packages() {
    local missing=()
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    command -v git >/dev/null || missing+=(git)
    if [ ${#missing[@]} -gt 0 ]; then
        apt-get update --quiet=2
        DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes "${missing[@]}" >/dev/null
    fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed: this is Debian $(cat /etc/debian_version), 12 or newer has it"
}

# Each version has a directory of its own. It counts only with the file `complete` in it; a half-made one is made again.
make_program() {
    install --directory --mode 755 "$OPT"
    local what
    if [ -f "$from" ]; then
        local wheels
        wheels=$(mktemp --directory)
        # shellcheck disable=SC2064 # now, not at the end
        trap "rm -rf '$wheels'" EXIT
        tar --extract --file "$from" --directory "$wheels" --strip-components 1
        version=$(basename "$(ls "$wheels"/solar_battery_monitoring-*.whl)" | cut --delimiter - --fields 2)
        what=(--no-index --find-links "$wheels" "$(ls "$wheels"/solar_battery_monitoring-*.whl)[site]")
    else
        get_source
        version=$(git -C "$OPT/source" describe --tags --always)
        what=(--constraint "$OPT/source/requirements.lock" "$OPT/source[site]")
    fi
    # A newer Python after an upgrade of the system: the old directory's programs do not run any more.
    if [ -e "$OPT/$version/complete" ] && "$OPT/$version/bin/solar" --version >/dev/null 2>&1; then return; fi
    rm -rf "${OPT:?}/$version"
    python3 -m venv "$OPT/$version"
    "$OPT/$version/bin/pip" install --quiet --disable-pip-version-check "${what[@]}"
    "$OPT/$version/bin/solar" --version >/dev/null
    sync
    touch "$OPT/$version/complete"
}

get_source() {
    if [ ! -d "$OPT/source/.git" ]; then
        rm -rf "$OPT/source"
        git -c safe.directory='*' clone --quiet "$from" "$OPT/source"
    elif [ "$from" != "$OPT/source" ]; then
        git -C "$OPT/source" remote set-url origin "$from"
    fi
    git -C "$OPT/source" -c safe.directory='*' pull --quiet --ff-only --tags
}

# A link is changed by a rename, so there is one at any moment.
switch_to() {
    if [ "$(readlink "$OPT/current" || true)" = "$1" ]; then return; fi
    if [ -L "$OPT/current" ]; then ln --symbolic --force --no-dereference "$(readlink "$OPT/current")" "$OPT/previous"; fi
    ln --symbolic --force --no-dereference "$1" "$OPT/current.new"
    mv --no-target-directory "$OPT/current.new" "$OPT/current"
}

let_the_person_in() {
    if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then usermod --append --groups solar,dialout "$SUDO_USER"; fi
}

make_directories() {
    install --directory --mode 755 /etc/solar
    # systemd makes it too, but `solar setup` looks into it before.
    [ -d /var/lib/solar ] || install --directory --mode 2770 --owner solar-logger --group solar /var/lib/solar
}

main "$@"
