# shellcheck shell=bash disable=SC2034 # some of these names are for who sources this
# How backup and restore reach the database and the artifacts: inside the stack, or by an address and a folder.

export LC_ALL=C # one order of names everywhere
export COMPOSE_PROGRESS=quiet # what is said here is what was done

STACK="" # whether it is the stack's PostgreSQL and volume; else:
ADDRESS="" # of the database, without its password
ARTIFACTS="" # the folder
DATABASE="" # another one on the same server; empty: the one that Marquee uses
IN_STACK=/var/lib/marquee/artifacts
PARTS=(database.dump artifacts.tar.gz)
NAME_OF_BACKUP='marquee-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z'

# choose_stores ADDRESS FOLDER: the stack, or both of these. A password stays off every command line, which any user of
# the machine can read, and out of ours; it is taken from DATABASE_URL or PostgreSQL's own PGPASSWORD and ~/.pgpass.
choose_stores() {
    ARTIFACTS=$2
    if [ -z "$1$2" ]; then
        needs_home
        STACK=yes
        return
    fi
    [ -d "$ARTIFACTS" ] || fail "--artifacts DIR must name a directory: there is no '$ARTIFACTS'"
    [[ $1 != *:*:*@* ]] || fail "the password in --database-url shows in the list of processes: set DATABASE_URL instead"
    local address=${1:-${DATABASE_URL:-}}
    [ -n "$address" ] || fail "--artifacts needs --database-url URL, or DATABASE_URL in the environment"
    [[ $address =~ ^postgres(ql)?:// ]] || fail "only PostgreSQL is backed up here; docs/BACKUP.md says how SQLite is"
    export DATABASE_URL=$address
    if [[ $address =~ ^([^/]*//[^/:@]*):([^/@]*)@(.*)$ ]]; then
        PGPASSWORD=$(url_decoded "${BASH_REMATCH[2]}")
        export PGPASSWORD
        address=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
    fi
    ADDRESS=$address
}

url_decoded() {
    local text=${1//\\/\\\\}
    printf '%b' "${text//%/\\x}"
}

# connected TOOL ARGUMENT...: psql, pg_dump and their like, on the database.
connected() {
    local tool=$1
    shift
    if [ -n "$STACK" ]; then
        # shellcheck disable=SC2016 # the container's own variables
        compose exec -T --env DATABASE="$DATABASE" postgres sh -c \
            'exec "$0" --username="$POSTGRES_USER" --dbname="${DATABASE:-${POSTGRES_DB:-$POSTGRES_USER}}" "$@"' "$tool" "$@"
    elif [ -n "$DATABASE" ]; then
        "$tool" --dbname="$(sed -E "s#^([^/]*//[^/?]*)(/[^?]*)?#\1/$DATABASE#" <<<"$ADDRESS")" "$@"
    else
        "$tool" --dbname="$ADDRESS" "$@"
    fi
}

sql() { connected psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }

# A dump, from the standard input, as SQL.
dump_as_sql() {
    if [ -n "$STACK" ]; then compose exec -T postgres pg_restore --file=- "$@"; else pg_restore --file=- "$@"; fi
}

# with_artifacts SCRIPT: in a shell that stands in their folder.
with_artifacts() {
    if [ -n "$STACK" ]; then
        compose run --rm --no-deps -T --workdir "$IN_STACK" --entrypoint sh migrate -euc "$1"
    else
        (cd "$ARTIFACTS" && sh -euc "$1")
    fi
}

manage() {
    local python=$DEPLOY_DIR/../.venv/bin/python
    if [ -n "$STACK" ]; then
        compose run --rm --no-deps -T migrate python manage.py "$@"
    else
        [ -x "$python" ] || python=python3
        "$python" "$DEPLOY_DIR/../manage.py" "$@"
    fi
}

# "version" and "commit" of the release that uses the stores.
release() {
    # shellcheck disable=SC2016 # the other shell's variables
    local script='sed -n "s/^VERSION = \"\(.*\)\"$/version \1/p" config/settings/base.py
        echo "commit ${MARQUEE_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null || echo unknown)}"'
    if [ -n "$STACK" ]; then
        compose run --rm --no-deps -T --entrypoint sh migrate -euc "$script"
    else
        (cd "$DEPLOY_DIR/.." && sh -euc "$script")
    fi
}

# on_record JOB [ARGUMENT...]: for the alert and the doctor; nothing fails by it.
on_record() {
    manage job_done "$@" >/dev/null 2>&1 || say "warning: not on record (manage.py job_done $1 failed)"
}

# "rows TABLE COUNT" of every table there is, in one snapshot.
rows_now() {
    sql --file=- <<'SQL' | tr '|' ' ' | sort
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT format('SELECT %L, count(*) FROM %I.%I', format('rows %I.%I', nspname, relname), nspname, relname)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
\gexec
COMMIT;
SQL
}

# Of a dump, as SQL on the standard input: "rows TABLE COUNT" of every table, and "model" and "layer" with the names of
# the artifacts that it calls active. Every byte of the dump is read for it.
contents_of_dump() {
    awk -F '\t' '
        inside && $0 == "\\." { print "rows", table, rows; inside = 0; next }
        inside {
            rows++
            if (table == "public.recommendations_modelversion" && $at["status"] == "active") {
                print "model", $at["name"]
                if ($at["fresh"] > 0) print "layer", $at["name"] "-fresh-" $at["fresh"]
            }
            next
        }
        /^COPY / {
            split($0, words, " ")
            table = words[2]; rows = 0; inside = 1
            sub(/^[^(]*\(/, ""); sub(/\).*/, "")
            split("", at)
            for (i = split($0, names, ", "); i > 0; i--) at[names[i]] = i
        }
        END { if (inside) exit 1 }
    ' | sort
}
