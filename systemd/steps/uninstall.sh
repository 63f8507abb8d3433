# Takes away what install.sh and `pitcrew units` have put there. Configuration and journal stay, unless --purge.

take_away() {
  step "Taking pitcrew away"
  if ((live)); then stop_services; fi
  local file
  for file in "$unit_folder"/pitcrew-{exporter,remediator}.service "$unit_folder"/pitcrew-workers.slice \
    "$unit_folder"/pitcrew-worker@.service "$unit_folder"/pitcrew-remediator.service.d/command-workers.conf \
    "$DESTDIR"/etc/{sysusers.d/pitcrew.conf,tmpfiles.d/pitcrew.conf,tmpfiles.d/pitcrew-workers.conf,logrotate.d/pitcrew} \
    "$unit_folder"/pitcrew-workers.slice.d/50-pitcrew-workers.conf "$unit_folder"/pitcrew-worker-*.service \
    "$DESTDIR"/etc/polkit-1/rules.d/*pitcrew*.rules; do
    take_file "$file"
  done
  rmdir "$unit_folder"/pitcrew-{remediator.service,workers.slice}.d 2>/dev/null || true
  if [[ $(readlink "$DESTDIR/usr/local/bin/pitcrew") == */current/dist/pitcrew.js ]]; then take_file "$DESTDIR/usr/local/bin/pitcrew"; fi
  if [[ -L $program_folder/current || -d $program_folder/versions ]]; then
    act "remove $PREFIX" rm -rf "$program_folder/versions" "$program_folder/current"
    ((dry)) || rmdir "$program_folder" 2>/dev/null || true
  fi
  if ((live)); then
    if ((!dry)); then systemctl daemon-reload; fi
    # A failed unit that has no file any more would be listed for ever.
    ((dry)) || systemctl reset-failed 'pitcrew-*' 2>/dev/null || true
    ((dry)) || stop_slice
    act "remove /run/pitcrew" rm -rf /run/pitcrew
  fi
  ((dry)) || rmdir "$DESTDIR/etc/sysusers.d" 2>/dev/null || true
  if ((purge)); then take_data; else say "  kept: /etc/pitcrew, /var/lib/pitcrew, /var/log/pitcrew and their users (--purge removes them)"; fi
  step "Done"
  if ((dry)); then say "  Nothing was changed."; elif ((live)); then
    forget_beginning
    rm -f "$lock_file"
  fi
}

# Workers of pitcrew's own units end with these; units of other packages run on.
stop_services() {
  local unit units=()
  mapfile -t units < <(
    systemctl list-unit-files --no-legend 'pitcrew-exporter.service' 'pitcrew-remediator.service' | awk '{print $1}'
    systemctl list-units --all --plain --no-legend 'pitcrew-worker@*.service' 'pitcrew-worker-*.service' | awk '{print $1}'
    for unit in /etc/systemd/system/pitcrew-worker-*.service /etc/systemd/system/*.wants/pitcrew-worker@*.service; do
      [[ ! -e $unit && ! -L $unit ]] || echo "${unit##*/}"
    done
  )
  mapfile -t units < <(printf '%s\n' "${units[@]}" | grep . | sort -u)
  for unit in "${units[@]}"; do
    act "stop and disable $unit" stop_one "$unit"
  done
}

# It outlives its last unit, and would end what somebody else has put there.
stop_slice() {
  # To its end: systemctl, told that nobody reads on, would fail.
  systemctl show --property=Slice --value '*.service' '*.scope' | grep -x 'pitcrew-workers.slice' >/dev/null || systemctl stop pitcrew.slice
}

stop_one() {
  systemctl stop "$1" || say "  $1 could not be stopped: systemctl status $1"
  systemctl --quiet disable "$1" 2>/dev/null || true
}

take_file() {
  [[ -e $1 || -L $1 ]] || return 0
  act "remove ${1#"$DESTDIR"}" rm -f "$1"
}

take_data() {
  local folder user
  for folder in /etc/pitcrew /var/lib/pitcrew /var/log/pitcrew; do
    [[ ! -e $DESTDIR$folder ]] || act "remove $folder" rm -rf "$DESTDIR$folder"
  done
  for folder in "$unit_folder"/pitcrew-*.d; do
    [[ ! -d $folder ]] || act "remove ${folder#"$DESTDIR"}" rm -rf "$folder"
  done
  ((live)) || return 0
  ((dry)) || systemctl daemon-reload
  for user in pitcrew-exporter pitcrew-worker pitcrew; do
    if getent passwd "$user" >/dev/null; then act "remove user and group $user" remove_user "$user"; fi
  done
}

remove_user() {
  getent passwd "$1" >/dev/null || return 0
  userdel "$1" 2>/dev/null || say "  user $1 could not be removed: a process of it still runs"
  if getent group "$1" >/dev/null; then groupdel "$1" 2>/dev/null || true; fi
  # Nobody is left to be in it.
  if [[ $1 == pitcrew ]] && getent group pitcrew-operators >/dev/null; then groupdel pitcrew-operators; fi
}
