# Every file that an installation changes is kept until it has succeeded: a failure puts all of them back, and the old version runs on. They are
# kept where the next installer finds them, should this one be killed: it finishes what was begun, or takes all of it back.

unfinished=/var/lib/pitcrew-install
work='' kept='' touched=() former='' staged=() switched=0 restarting=0 interrupted=0 new_users=() new_folders=()

begin_undo() {
  work=$(mktemp -d)
  kept=$work
  trap 'undo $?' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  ((first)) || former=$(basename "$(readlink "$program_folder/current")")
  ((!live || dry)) || remember_beginning
}

# What is on record of an installer that was killed is ours to undo, too.
remember_beginning() {
  kept=$unfinished
  if [[ -e $kept/former && $(<"$kept/former") == - ]] && both_run; then
    # A first one that came so far that both daemons run is what an upgrade goes back to.
    forget_beginning
  fi
  if [[ -e $kept/former ]]; then
    say "An installation that was interrupted is finished now, or taken back."
    interrupted=1 first=0
    former=$(<"$kept/former")
    if [[ $former == - ]]; then former='' first=1; fi
    mapfile -t touched < <(recorded touched)
    mapfile -t staged < <(recorded staged)
    mapfile -t new_users < <(recorded users)
    mapfile -t new_folders < <(recorded folders)
    [[ ! -e $kept/restarting ]] || restarting=1
  else
    rm -rf "$kept"
    # The name of the former version makes a record of it: it is there last, whole, and goes first.
    {
      mkdir -m 0700 "$kept" && echo "$PREFIX" >"$kept/prefix" && echo "${former:--}" >"$kept/former.next" &&
        sync "$kept/prefix" "$kept/former.next" && mv "$kept/former.next" "$kept/former"
    } || fail "$kept could not be written: is the disk full?"
  fi
}

# `is-active` of two is content with one.
both_run() {
  local daemon
  for daemon in "${DAEMONS[@]}"; do systemctl --quiet is-active "$daemon" || return 1; done
}

forget_beginning() {
  ((live && !dry)) || return 0
  rm -f "$unfinished/former"
  rm -rf "$unfinished"
}

# record KIND TEXT: for an installer after us.
record() { ((!live || dry)) || printf '%s\n' "$2" >>"$kept/$1"; }
recorded() { [[ ! -e $kept/$1 ]] || cat "$kept/$1"; }

finish_undo() {
  trap - EXIT HUP INT TERM
  forget_beginning
  rm -rf "$work"
}

# put CONTENT_FILE DESTINATION MODE [OWNER:GROUP]: writes at once or not at all; a file that is right already is not touched.
# Afterwards $changed counts what was.
changed=0
put() {
  local content=$1 file=$2 mode=$3 owner=${4:-root:root} name=${2#"$DESTDIR"}
  if [[ ! -L $file ]] && cmp -s "$content" "$file" && [[ $(stat -c %a "$file") == "${mode#0}" ]]; then return 0; fi
  changed=$((changed + 1))
  if ((dry)); then
    say "  would: write $name"
    return 0
  fi
  say "  write $name"
  keep "$file"
  mkdir -p "$(dirname "$file")"
  install -m "$mode" "$content" "$file.next"
  ((!live)) || chown "$owner" "$file.next"
  mv -f "$file.next" "$file"
  settle "$file"
}

# remove FILE: so that a failure brings it back.
remove() {
  [[ -e $1 || -L $1 ]] || return 0
  changed=$((changed + 1))
  act "remove ${1#"$DESTDIR"}" keep "$1"
  ((!dry)) || return 0
  rm -f "$1"
  settle "$1"
}

keep() {
  local copy=$kept/kept.$((${#touched[@]} + 1))
  rm -f "$copy" "$copy.became"
  if [[ -e $1 || -L $1 ]]; then cp -a "$1" "$copy"; fi
  record touched "$1"
  touched+=("$1")
}

# settle FILE [NUMBER]: what was kept (last, or as this number) is now as we want it. What somebody makes of it afterwards is theirs, and stays.
settle() { state_of "$1" >"$kept/kept.${2:-${#touched[@]}}.became"; }

state_of() { if [[ -L $1 ]]; then readlink "$1"; elif [[ -e $1 ]]; then sha256sum <"$1"; else echo absent; fi; }

put_back() {
  local i file copy failed=0
  for ((i = ${#touched[@]}; i > 0; i--)); do
    file=${touched[i - 1]} copy=$kept/kept.$i
    rm -f "$file.next"
    if [[ -s $copy.became && $(<"$copy.became") != "$(state_of "$file")" ]]; then
      say "install.sh: $file was changed by somebody else meanwhile, and stays" >&2
      continue
    fi
    if is_as_before "$copy" "$file"; then continue; fi
    if [[ -e $copy || -L $copy ]]; then
      { cp -a "$copy" "$file.next" && mv -fT "$file.next" "$file"; } || { rm -f "$file.next"; failed=1; }
    else
      rm -f "$file" || failed=1
    fi
  done
  return "$failed"
}

# What need not be written asks for no room on a full disk.
is_as_before() {
  [[ $(state_of "$1") == "$(state_of "$2")" ]] && { [[ ! -e $1 ]] || [[ $(stat -c '%a %u %g' "$1") == "$(stat -c '%a %u %g' "$2")" ]]; }
}

undo() {
  local code=$1 user whole=1
  trap - EXIT HUP INT TERM
  if ((code != 0 && !dry)); then
    # First, for the disk may be full.
    rm -rf "$program_folder/versions/.next" "$program_folder/current.next"
    undo_switch || whole=0
    put_back || whole=0
    if ((live && restarting)); then
      undo_start || say "install.sh: the old version could not be started: journalctl -u pitcrew-exporter -u pitcrew-remediator" >&2
    fi
    if ((first)); then
      rm -rf "${new_folders[@]}"
      for user in "${new_users[@]}"; do remove_user "$user"; done
      rmdir "$settings_folder/workers" "$settings_folder" "$DESTDIR/etc/sysusers.d" \
        "$unit_folder"/pitcrew-{remediator.service,workers.slice}.d 2>/dev/null || true
    fi
    if ((!whole)); then
      say "install.sh: not every file could be put back, see above: mend that, and run it again" >&2
    elif ((first)); then
      say "install.sh: nothing was installed; mend what is said above, and run it again" >&2
    else
      say "install.sh: the version of before is in place and runs on; mend what is said above, and run it again" >&2
    fi
  fi
  rm -rf "$work"
  ((!whole)) || forget_beginning
  ((!first || !live)) || rm -f "$lock_file"
  exit "$code"
}
