#!/bin/sh
# Uploads source packages to an empty PPA of their own, and tests them there:
#
#     upload.sh OWNER CHANGES... [-- TEST...]
#
# OWNER says who holds the PPA: a ticket, a job's address, a name.  TEST finds the PPA in $PPA; without one the PPA is
# kept until ENTER is pressed.  Whatever the end is, the PPA is given back.
#
# Each version that is uploaded is told to the assigner: Launchpad takes none that a PPA ever had.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 OWNER CHANGES... [-- TEST...]" >&2; exit 64; }
owner=$1
shift

changes= sources=
while [ $# -gt 0 ]; do
    [ "$1" != -- ] || { shift; break; }
    # What was built may be a stranger's: nothing in it becomes a word, an option or a command of this script.
    case $1 in -* | *[[:space:]*?[]*) echo "$0: cannot upload $1: what name is that?" >&2; exit 65 ;; esac
    [ -r "$1" ] || { echo "$0: cannot read $1" >&2; exit 66; }
    name=$(sed -n 's/^Source: *//p' "$1")
    version=$(sed -n 's/^Version: *//p' "$1")
    case $name=$version in *[!A-Za-z0-9.+:~=-]* | =* | *=) echo "$0: $1 names no source and version" >&2; exit 65 ;; esac
    changes="$changes $1"
    sources="$sources --source $name=$version"
    shift
done
[ $# -gt 0 ] || set -- sh -c 'echo "$PPA is yours: $PPA_WEB"; printf "ENTER gives it back. "; read -r _'

# shellcheck disable=SC2086  # names of packages and of their files have no spaces
exec ppa-assigner exec --owner "$owner" --wait 30m --idle 10m $sources -- \
    sh -euc 'dput -f "$PPA" $0; exec "$@"' "$changes" "$@"
