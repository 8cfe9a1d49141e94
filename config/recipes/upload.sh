#!/bin/sh
# Uploads source packages to an empty PPA of their own, waits until apt can install them, and tests them there:
#
#     upload.sh OWNER CHANGES... [-- TEST...]
#
# OWNER says who holds the PPA: a ticket, a job's address, a name.  TEST finds the PPA in $PPA, and in $PPA_SOURCES a file
# by which apt reads it; without one the PPA is kept until ENTER is pressed.  Whatever the end is, the PPA is given back.
#
# Needs ppa-assigner and dput (or dput-ng).  Only a PPA is taken that Launchpad lets have these versions and files.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 OWNER CHANGES... [-- TEST...]" >&2; exit 64; }
owner=$1
shift

# Each file goes to the end of the arguments, behind all that is not looked at yet.
count=0 left=$#
while [ "$left" -gt 0 ] && [ "$1" != -- ]; do
    file=$1
    shift
    case $file in -*) file=./$file ;; esac
    set -- "$@" --upload "$file"
    left=$((left - 1)) count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "$0: nothing to upload" >&2; exit 64; }
[ "$left" -eq 0 ] || { shift; left=$((left - 1)); }
set -- "$@" --
tests=$left
while [ "$left" -gt 0 ]; do set -- "$@" "$1"; shift; left=$((left - 1)); done
[ "$tests" -gt 0 ] || set -- "$@" sh -c 'echo "$PPA is yours: $PPA_WEB"; printf "ENTER gives it back. "; read -r _'

exec ppa-assigner exec --owner "$owner" --wait 30m --idle 10m "$@"
