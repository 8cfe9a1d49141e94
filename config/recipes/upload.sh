#!/bin/sh
# Uploads source packages to an empty PPA of their own, and tests them there:
#
#     upload.sh OWNER CHANGES... [-- TEST...]
#
# OWNER says who holds the PPA: a ticket, a job's address, a name.  TEST finds the PPA in $PPA; without one the PPA is
# kept until ENTER is pressed.  Whatever the end is, the PPA is given back.
#
# Each version that is uploaded is told to the assigner: Launchpad takes none that a PPA ever had.  Nor does it take a
# file of a name that the PPA had with other content, an .orig.tar of an earlier version say: of that nobody is told.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 OWNER CHANGES... [-- TEST...]" >&2; exit 64; }
owner=$1
shift

field() {  # field NAME FILE: of what is signed in it, whatever its lines end with
    tr -d '\r' < "$2" | sed -n '/^-----BEGIN PGP SIGNED MESSAGE-----$/,/^[[:blank:]]*$/d
        /^-----BEGIN PGP SIGNATURE-----$/q
        s/[[:blank:]]*$//
        s/^'"$1"':[[:blank:]]*//p'
}

# Each file goes to the end of the arguments, behind all that is not looked at yet.
count=0 left=$# sources=
while [ "$left" -gt 0 ] && [ "$1" != -- ]; do
    file=$1
    shift
    case $file in -*) file=./$file ;; esac
    [ -r "$file" ] || { echo "$0: cannot read $file" >&2; exit 66; }
    name=$(field Source "$file")
    version=$(field Version "$file")
    # What was built may be a stranger's: nothing in it becomes a word, an option or a command of this script.
    case $name=$version in
        *[!A-Za-z0-9.+:~=-]* | =* | *=) echo "$0: $file names no source and version" >&2; exit 65 ;;
    esac
    sources="$sources --source $name=$version"
    set -- "$@" "$file"
    left=$((left - 1)) count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "$0: nothing to upload" >&2; exit 64; }
[ "$left" -eq 0 ] || { shift; left=$((left - 1)); }
while [ "$left" -gt 0 ]; do set -- "$@" "$1"; shift; left=$((left - 1)); done
[ $# -gt "$count" ] || set -- "$@" sh -c 'echo "$PPA is yours: $PPA_WEB"; printf "ENTER gives it back. "; read -r _'

# dput -f: it remembers uploads by host, not by PPA, and would upload nothing the second time.
# shellcheck disable=SC2086  # names and versions have no spaces
exec ppa-assigner exec --owner "$owner" --wait 30m --idle 10m $sources -- sh -euc '
    left=$1
    shift
    while [ "$left" -gt 0 ]; do dput -f "$PPA" "$1"; shift; left=$((left - 1)); done
    exec "$@"' sh "$count" "$@"
