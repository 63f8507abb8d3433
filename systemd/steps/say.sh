# How install.sh speaks, and how it does nothing in a dry run.

say() { printf '%s\n' "$*"; }

step() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

usage_error() {
  printf 'install.sh: %s: bash systemd/install.sh --help\n' "$*" >&2
  exit 2
}

# act TEXT COMMAND…: says it, and does it unless this is a dry run.
act() {
  local text=$1
  shift
  if ((dry)); then
    say "  would: $text"
  else
    say "  $text"
    "$@"
  fi
}
