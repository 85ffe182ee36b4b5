# shellcheck shell=bash
# What the scripts beside it share: where things are, how they speak, how they call Docker Compose.

DEPLOY_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MARQUEE_HOME=${MARQUEE_HOME:-/srv/marquee} # settings, secrets, state, backups, certificates
SETTINGS=$MARQUEE_HOME/production.env
STATE=$MARQUEE_HOME/state/release.env # which colour serves which images, and what served before
export BACKUPS=$MARQUEE_HOME/backups
DRY_RUN=${DRY_RUN:-}
export DEPLOY_DIR MARQUEE_HOME # the compose file names both

say() { printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*" >&2; }

fail() {
    say "FAILED: $*"
    exit 1
}

# The comment that the script begins with is its manual.
usage() { sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$0"; }

# Do it, or with --dry-run say what would be done.
run() {
    if [ -n "$DRY_RUN" ]; then
        printf '+ %s\n' "$*" >&2
    else
        "$@"
    fi
}

# setting NAME [DEFAULT]: from the environment, else from production.env. Read, never executed.
setting() {
    local value=${!1:-}
    if [ -z "$value" ] && [ -f "$SETTINGS" ]; then
        value=$(sed -n "s/^$1=//p" "$SETTINGS" | tail -n 1 | sed -E "s/^([\"'])(.*)\\1\$/\\2/")
    fi
    printf '%s' "${value:-${2:-}}"
}

# released NAME: a line of the state file, nothing where there is none.
released() { [ ! -f "$STATE" ] || sed -n "s/^$1=//p" "$STATE"; }

needs_home() {
    [ -f "$SETTINGS" ] || fail "$SETTINGS is not there: run deploy/bootstrap first, or set MARQUEE_HOME"
}

# Docker Compose with the project, the files and the images of what is released now; the environment wins over these.
compose() {
    local files=(--env-file "$SETTINGS")
    [ ! -f "$STATE" ] || files+=(--env-file "$STATE")
    CADDYFILE_SUM=$(sha256sum "$DEPLOY_DIR/Caddyfile" | cut -c 1-12) \
        docker compose --project-name "$(setting COMPOSE_PROJECT_NAME marquee-server)" --project-directory "$MARQUEE_HOME" \
        "${files[@]}" --file "$DEPLOY_DIR/compose.production.yml" "$@"
}

# One at a time of what is called so: lock release. It ends with the process, and with what a killed one had begun.
lock() {
    [ -z "$DRY_RUN" ] || return 0
    exec 9>"$MARQUEE_HOME/state/$1.lock"
    flock --timeout 60 9 || fail "another $1 is at work (it holds $MARQUEE_HOME/state/$1.lock)"
}

live_colour() { released MARQUEE_COLOUR; }

other_colour() { if [ "$1" = blue ]; then echo green; else echo blue; fi; }

# Whether a service's container runs.
runs() { [ -n "$(compose ps --quiet --status running "$1" 2>/dev/null)" ]; }
