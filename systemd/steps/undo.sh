# Every file that an installation changes is kept until it has succeeded: a failure puts all of them back, and the old version runs on.

work='' touched=() former='' switched=0 restarting=0 marked=0 interrupted=0 new_users=() new_folders=()

begin_undo() {
  work=$(mktemp -d)
  trap 'undo $?' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# The lock's file names the version of before until we are through: an installer that was killed has left it there, and with it daemons that
# may still be of that version.
mark_unfinished() {
  ((live && !dry)) || return 0
  if [[ -s $lock_file ]]; then
    interrupted=1
    local before
    before=$(<"$lock_file")
    [[ ! -d $program_folder/versions/$before ]] || former=$before
  fi
  marked=1
  echo "${former:--}" >"$lock_file"
}

mark_finished() { ((!marked)) || : >"$lock_file"; }

finish_undo() {
  trap - EXIT HUP INT TERM
  mark_finished
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
}

# remove FILE: so that a failure brings it back.
remove() {
  [[ -e $1 || -L $1 ]] || return 0
  changed=$((changed + 1))
  act "remove ${1#"$DESTDIR"}" keep "$1"
  ((dry)) || rm -f "$1"
}

keep() {
  touched+=("$1")
  if [[ -e $1 || -L $1 ]]; then cp -a "$1" "$work/kept.${#touched[@]}"; fi
}

undo() {
  local code=$1 i user
  trap - EXIT HUP INT TERM
  if ((code != 0 && !dry)); then
    for ((i = ${#touched[@]}; i > 0; i--)); do
      if [[ -e $work/kept.$i || -L $work/kept.$i ]]; then
        mv -f "$work/kept.$i" "${touched[i - 1]}"
      else
        rm -f "${touched[i - 1]}"
      fi
      rm -f "${touched[i - 1]}.next"
    done
    undo_switch || say "install.sh: the old version could not be started: journalctl -u pitcrew-exporter -u pitcrew-remediator" >&2
    if ((first)); then
      rm -rf "${new_folders[@]}"
      for user in "${new_users[@]}"; do remove_user "$user"; done
      rmdir "$DESTDIR/etc/sysusers.d" 2>/dev/null || true
      say "install.sh: nothing was installed; mend what is said above, and run it again" >&2
    else
      say "install.sh: the version of before is in place and runs on; mend what is said above, and run it again" >&2
    fi
  fi
  rm -rf "$work"
  # What an interrupted one has left half-done is still so, unless all was started again.
  ((interrupted && !restarting)) || mark_finished
  ((!first || !live)) || rm -f "$lock_file"
  exit "$code"
}
