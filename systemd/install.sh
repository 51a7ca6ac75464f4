#!/bin/sh
# Installs the unit of a node or of the gateway: account, folders, unit, then a check. Run again after an update: it changes only what differs.
#   install.sh agent NODE CONFIG    a node named NODE with its configuration
#   install.sh gateway CONFIG       the district's hub
#   --root DIR                      into an image instead of this machine: no account is made and nothing is started
# The program (a checkout that was set up, or what `tocsin pack` wrote and npm installed) is the folder of /opt that this script is called in,
# else /opt/tocsin: a gateway's machine has two packs, and each unit starts its own.
set -eu

usage() {
  echo "usage: install.sh [--root DIR] agent NODE CONFIG | gateway CONFIG" >&2
  exit 64
}
fail() {
  echo "install: $1" >&2
  exit "${2-1}"
}

root=
if [ "${1-}" = --root ]; then
  root=${2:?--root needs a folder}
  shift 2
fi
# In a folder as it is called, links and all: /opt/tocsin may be a link that an update turns.
folder() { (CDPATH='' cd -- "$1" && pwd -L); }
# Within an image it is where the image has it.
inside() { if [ -n "$root" ]; then echo "${1#"$2"}"; else echo "$1"; fi; }
here=$(folder "$(dirname -- "$0")")
program=$(inside "$(dirname -- "$here")" "$([ -z "$root" ] || folder "$root")")
case "$program" in
  /opt/*) ;;
  *)
    here=$(dirname -- "$(readlink -f -- "$0")")
    program=$(inside "$(dirname -- "$here")" "$([ -z "$root" ] || readlink -f -- "$root")")
    ;;
esac
case "$program" in
  /opt/*[!a-zA-Z0-9/._-]*) fail "'$program' cannot be named in a unit: give the folder a name of letters, digits, '.', '_' and '-', and run its install.sh again" 78 ;;
  /opt/*) ;;
  *) program=/opt/tocsin ;;
esac

case "${1-}" in
  agent)
    [ $# -eq 3 ] || usage
    name=$2 config=$3 account=tocsin-agent unit=tocsin-agent@.service instance=tocsin-agent@$2.service
    case "$name" in
      '' | *[!a-z0-9-]*) fail "node name '$name': lower-case letters, digits and hyphens, as in its configuration" 64 ;;
    esac
    ;;
  gateway)
    [ $# -eq 2 ] || usage
    name=gateway config=$2 account=tocsin-gateway unit=tocsin-gateway.service instance=tocsin-gateway.service
    ;;
  *) usage ;;
esac
[ -r "$config" ] || fail "$config cannot be read: give the configuration file" 65
if [ "$name" = gateway ]; then
  # The check below runs as root and outside the unit, where any folder is good; the service itself could not write it and would start for ever.
  data=$(sed -n "s/^dataDir:[[:space:]]*[\"']\{0,1\}\([^\"'#[:space:]]*\).*/\1/p" "$config" | head -n 1)
  case "$data" in
    */..*) good= ;;
    '' | /var/lib/tocsin/gateway | /var/lib/tocsin/gateway/*) good=yes ;;
    *) good= ;;
  esac
  [ -n "$good" ] ||
    fail "dataDir '$data': the service writes /var/lib/tocsin/gateway only: move what is there (docs/gateway.md), set dataDir and run this again" 78
fi
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "run as root, or with --root DIR" 64
[ -n "$root" ] || [ -x "$program/bin/tocsin" ] || fail "$program/bin/tocsin is not there: put the program into $program first" 78

if [ -z "$root" ]; then
  getent group tocsin >/dev/null || groupadd --system tocsin
  getent passwd "$account" >/dev/null ||
    useradd --system --gid tocsin --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$account"
fi

install -d -m 0750 "$root/etc/tocsin"
install -m 0640 "$config" "$root/etc/tocsin/$name.yaml"
# What the configuration names beside itself (secrets, certificates) is put there by hand: it is nobody's business to copy.
install -d "$root/etc/systemd/system"
# Replaced, not written through: it may be a link to a file of somebody's (systemctl link), or to /dev/null (systemctl mask).
filled=$(mktemp)
trap 'rm -f -- "$filled"' EXIT
sed "s|/opt/tocsin/|$program/|g" "$here/$unit" >"$filled"
install -T -m 0644 "$filled" "$root/etc/systemd/system/$unit"
[ -z "$root" ] || exit 0

chown root:tocsin /etc/tocsin "/etc/tocsin/$name.yaml"
if [ "$name" = gateway ]; then command=gateway; else command=agent; fi
"$program/bin/tocsin" "$command" --config "/etc/tocsin/$name.yaml" --check ||
  fail "mend that and run this again; a secret or certificate that it names: install -o root -g tocsin -m 0640 FILE /etc/tocsin/" 78
systemctl daemon-reload
systemctl enable "$instance"
systemctl restart "$instance"
systemctl --no-pager --lines=0 status "$instance"
