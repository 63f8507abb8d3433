# Units, and the daemons that run from them.

DAEMONS=(pitcrew-exporter.service pitcrew-remediator.service)

render() { sed "s#@NODE@#$node#g; s#@PREFIX@#$PREFIX#g; s#@REMEDIATOR@#$remediator_user#g" "$1"; }

write_units() {
  step "Units"
  changed=0
  local unit
  for unit in "${DAEMONS[@]}" pitcrew-workers.slice pitcrew-worker@.service; do
    render "$here/units/$unit" >"$work/unit"
    put "$work/unit" "$unit_folder/$unit" 0644
  done
  write_command_workers
  units_changed=$changed
  render "$here/settings/tmpfiles.conf" >"$work/tmpfiles"
  put "$work/tmpfiles" "$DESTDIR/etc/tmpfiles.d/pitcrew.conf" 0644
  put "$here/settings/logrotate.conf" "$DESTDIR/etc/logrotate.d/pitcrew" 0644
  ((live)) || put "$here/settings/sysusers.conf" "$DESTDIR/etc/sysusers.d/pitcrew.conf" 0644
  link_command
}

remediator_user=pitcrew

# Workers that the remediator starts by itself need more than its sandbox allows; `check` has listed them.
write_command_workers() {
  local file=$unit_folder/pitcrew-remediator.service.d/command-workers.conf
  [[ -e $work/check ]] || return 0
  if grep -Eq '^  [^ ]+ +command  ' "$work/check"; then
    put "$here/units/command-workers.conf" "$file" 0644
    remediator_user=root
  else
    remove "$file"
    rmdir "$(dirname "$file")" 2>/dev/null || true
  fi
}

link_command() {
  local link=$DESTDIR/usr/local/bin/pitcrew target=$PREFIX/current/dist/pitcrew.js
  [[ $(readlink "$link" 2>/dev/null) != "$target" ]] || return 0
  [[ ! -e $link || $(readlink "$link") == */current/dist/pitcrew.js ]] || {
    say "  /usr/local/bin/pitcrew is not ours and stays: the command is $target"
    return 0
  }
  act "link /usr/local/bin/pitcrew" keep "$link"
  ((!dry)) || return 0
  mkdir -p "$(dirname "$link")"
  ln -sfn "$target" "$link"
  settle "$link"
}

start_services() {
  step "Services"
  if ((dry)); then
    say "  would: create run, state and log folders, enable ${DAEMONS[*]}, and start or restart them; workers are not touched"
    return 0
  fi
  local folder
  for folder in /run/pitcrew /var/lib/pitcrew /var/log/pitcrew; do
    [[ ! -e $folder ]] || continue
    record folders "$folder"
    new_folders+=("$folder")
  done
  systemd-tmpfiles --create /etc/tmpfiles.d/pitcrew.conf
  record restarting yes
  restarting=1
  systemctl daemon-reload
  if pitcrew --help | grep -Eq '^ +units\b'; then
    local file i from=${#touched[@]}
    while read -r file; do keep "$file"; done < <(
      pitcrew units --dry-run --config.file /etc/pitcrew/pitcrew.yml 2>/dev/null | sed -n 's/^would [a-z]* \(\/.*\)$/\1/p'
    )
    act "units of supervised workers" pitcrew units --config.file /etc/pitcrew/pitcrew.yml ||
      fail "the units of supervised workers could not be written, see above"
    for ((i = from + 1; i <= ${#touched[@]}; i++)); do settle "${touched[i - 1]}" "$i"; done
  fi
  systemctl --quiet enable "${DAEMONS[@]}"
  local daemon
  for daemon in "${DAEMONS[@]}"; do start_daemon "$daemon"; done
  # Ready is not yet well: a version that dies right after its start is not kept.
  ((${#started[@]} == 0)) || sleep 1
  for daemon in "${started[@]}"; do
    [[ $(systemctl show -P ActiveState "$daemon") == active && $(systemctl show -P NRestarts "$daemon") == 0 ]] || start_failed "$daemon"
  done
  restarting=0
}

started=()
start_daemon() {
  if ((units_changed == 0 && !interrupted)) && [[ $former == "$program" ]] && systemctl --quiet is-active "$1"; then
    say "  $1 runs, and nothing of it changed"
    return 0
  fi
  say "  start $1"
  started+=("$1")
  systemctl reset-failed "$1" 2>/dev/null || true
  systemctl restart "$1" || start_failed "$1"
}

start_failed() {
  journalctl --no-pager --output=cat --lines=15 "_SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID "$1")" >&2 || true
  fail "$1 of version $program does not run: its last words are above"
}

# After the files of before are back.
undo_start() {
  if [[ -z $former ]]; then
    systemctl stop "${DAEMONS[@]}" 'pitcrew-worker-*.service' 2>/dev/null || true
    stop_slice 2>/dev/null || true
    rm -f "$unit_folder"/multi-user.target.wants/pitcrew-{exporter,remediator}.service
    systemctl daemon-reload
    systemctl reset-failed 'pitcrew-*' 2>/dev/null || true
  else
    systemctl daemon-reload
    systemctl restart "${DAEMONS[@]}"
  fi
}

tell_what_next() {
  if ((!live || dry)); then
    step "Done"
    if ((dry)); then say "  Nothing was changed."; else say "  All files are below $DESTDIR; nothing was started, no user was made."; fi
    return 0
  fi
  step "Status"
  systemctl --no-pager --no-legend list-units "${DAEMONS[@]}" | sed 's/^/  /'
  pitcrew status --config.file /etc/pitcrew/pitcrew.yml | sed 's/^/  /' || true
  step "What the rules would do at this moment"
  pitcrew check --config.file /etc/pitcrew/pitcrew.yml | sed -n '/^What the rules would do/,/^[^ ]/{/^ /p}'
  step "Done: version $program runs"
  say "  workers    /etc/pitcrew/pitcrew.yml, then: pitcrew check && systemctl reload ${DAEMONS[*]}"
  say "  metrics    scrape as /etc/pitcrew/prometheus.yml does; alerts: /etc/pitcrew/alertmanager.yml"
  say "  look       pitcrew status --watch; journalctl -u pitcrew-remediator"
  if grep -Eq '^([^#]*[{, ])?dry_run *: *true' /etc/pitcrew/pitcrew.yml; then
    say ""
    say "This is a dry run: pitcrew decides and records, and touches no worker. When you like what you see, turn it on:"
    say "  sudo sed -i 's/dry_run: *true/dry_run: false/' /etc/pitcrew/pitcrew.yml && sudo systemctl reload pitcrew-remediator"
  fi
}
