#!/usr/bin/env bash
# Installs pitcrew as systemd services, upgrades it in place, or takes it away again: systemd/README.md says what goes where.
set -Eeuo pipefail
umask 022
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
source_root=$(dirname "$here")
for part in say undo program settings services uninstall; do
  # shellcheck source=/dev/null
  . "$here/steps/$part.sh"
done

usage() {
  cat <<'TEXT'
sudo bash systemd/install.sh [--config.file FILE | --match REGEX] [--dry-run] [DESTDIR=DIR] [PREFIX=DIR]
sudo bash systemd/install.sh --uninstall [--purge] [--dry-run]

  --config.file FILE   the pitcrew.yml of a first installation (default: one that observes the journal's daemon)
  --match REGEX        or: write it from the running processes whose command line matches, as `pitcrew init` does
  --dry-run            say what would be done, do nothing
  --uninstall          take pitcrew away; configuration and journal stay
  --purge              these too
  PREFIX=DIR           where the program goes (default: /opt/pitcrew)
  DESTDIR=DIR          put all files below DIR, for a package; starts nothing, needs no root
TEXT
}

lock_file=/run/pitcrew-install.lock
dry=0 uninstall=0 purge=0 config_file='' match=''
DESTDIR=${DESTDIR:-} PREFIX=${PREFIX:-}
while (($# > 0)); do
  case $1 in
    --config.file | --match)
      (($# > 1)) && [[ -n $2 ]] || usage_error "$1 needs a value"
      if [[ $1 == --match ]]; then match=$2; else config_file=$2; fi
      shift
      ;;
    --dry-run) dry=1 ;;
    --uninstall) uninstall=1 ;;
    --purge) purge=1 ;;
    DESTDIR=*) DESTDIR=${1#*=} ;;
    PREFIX=*) PREFIX=${1#*=} ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) usage_error "there is no option $1" ;;
  esac
  shift
done
((purge == 0 || uninstall == 1)) || usage_error "--purge goes with --uninstall"
[[ -z $config_file || -z $match ]] || usage_error "--config.file and --match are two ways of saying the same"
[[ -z $config_file || -r $config_file ]] || fail "$config_file cannot be read: name the pitcrew.yml to begin with"

DESTDIR=${DESTDIR%/}
[[ -z $DESTDIR ]] || DESTDIR=$(realpath -m "$DESTDIR")
live=1
[[ -z $DESTDIR ]] || live=0
unit_folder=$DESTDIR/etc/systemd/system
settings_folder=$DESTDIR/etc/pitcrew
: "${PREFIX:=$(installed_prefix)}"
PREFIX=${PREFIX%/}
[[ $PREFIX =~ ^(/[A-Za-z0-9._+-]+)+$ && ! $PREFIX =~ /\.\.?(/|$) ]] ||
  usage_error "PREFIX=$PREFIX must be an absolute path of letters, digits and . _ + -"
program_folder=$DESTDIR$PREFIX
[[ $PREFIX == "$(installed_prefix)" || ! -d $DESTDIR$(installed_prefix)/versions ]] ||
  fail "pitcrew is installed in $(installed_prefix): leave PREFIX= out, or uninstall it first (configuration and journal stay)"

if ((live)); then
  ((EUID == 0)) || ((dry)) || fail "this takes root: sudo bash systemd/install.sh (or DESTDIR=DIR, to look at the files)"
  [[ -d /run/systemd/system ]] || fail "systemd does not run here: start pitcrew with 'pitcrew up' instead, or use DESTDIR=DIR"
  version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  ((version >= 247)) || fail "systemd $version is too old for these units: 247 or later is needed"
  if ((!dry)); then
    exec 9>>"$lock_file"
    flock -n 9 || fail "another install.sh is at work: wait until it has ended"
  fi
fi

if ((uninstall)); then
  take_away
  exit 0
fi

node=$(command -v node) || fail "node is not on PATH: install Node 20 for all users, for example from Debian's or NodeSource's packages"
node=$(readlink -f "$node")
[[ $node != /home/* && $node != /root/* && $node != /run/user/* ]] ||
  fail "node is $node, which services cannot reach: install Node 20 for all users, so that sudo finds it first"
"$node" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 15) ? 0 : 1)' ||
  fail "$("$node" --version) is too old: Node 20.15 or later is needed"

first=1
[[ ! -L $program_folder/current ]] || first=0
begin_undo
build_program
stage_program
((!live)) || make_users
write_settings
check_settings
write_units
switch_program
((!live)) || start_services
finish_undo
prune_programs
tell_what_next
