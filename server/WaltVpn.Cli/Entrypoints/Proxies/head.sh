#!/bin/sh
# {{purpose}}
# Written by 'waltvpn setup-proxy' for the platform {{platform}}; runs as it is.
#
#   sudo sh {{file}}                set it up
#   sh {{file}} --dry-run           say what would be done, and do nothing
#   sudo sh {{file}} --uninstall    take all of it away again
set -eu
umask 022

next_host='{{host}}' next_port='{{port}}' # the server, or the next proxy on the way to it

say() { echo "{{file}}: $*"; }
fail() {
  say "$*" >&2
  exit 1
}
dry=
step() { # COMMAND...: does it, or says it
  if [ -n "$dry" ]; then echo "would run: $*"; else "$@"; fi
}
write() { # FILE MODE: its standard input
  if [ -n "$dry" ]; then
    echo "would write $1, mode $2:"
    sed 's/^/    /'
    return
  fi
  cat >"$1"
  chmod "$2" "$1"
}
need_root() {
  [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail "needs root. Type: sudo sh $0 $1"
}
refuse_server() { # where the platform's server is, or WalT's
  for path in /usr/lib/waltvpn/waltvpnd /var/lib/waltvpn /var/lib/walt/vpn /var/lib/walt/vpn-endpoint; do
    [ ! -e "$path" ] || fail "$path is here: this is the server itself, which needs no proxy. Run it on the machine that nodes are to come through."
  done
}
