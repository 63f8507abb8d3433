# /etc/pitcrew: what a user edits is written once and then theirs.

make_users() {
  step "Users"
  local user
  for user in pitcrew pitcrew-exporter pitcrew-worker; do
    if getent passwd "$user" >/dev/null; then continue; fi
    record users "$user"
    new_users+=("$user")
  done
  put "$here/settings/sysusers.conf" /etc/sysusers.d/pitcrew.conf 0644
  # systemd-sysusers writes in /etc even where there is nothing to do.
  if ((${#new_users[@]} == 0)) && [[ " $(id -nG pitcrew) " == *' pitcrew-operators '* ]]; then return 0; fi
  act "users pitcrew, pitcrew-exporter and pitcrew-worker, group pitcrew-operators" systemd-sysusers /etc/sysusers.d/pitcrew.conf
}

write_settings() {
  step "Settings in ${settings_folder#"$DESTDIR"}"
  if ((!dry)); then mkdir -p "$settings_folder/workers"; fi
  write_configuration
  write_token
  local file
  for file in workers escalation pipeline recording; do follow_package "alerts/$file.rules.yml" "$file.rules.yml"; done
  follow_package alerts/prometheus.yml prometheus.yml
  follow_package alerts/alertmanager.yml alertmanager.yml
}

write_configuration() {
  local file=$settings_folder/pitcrew.yml group=root:pitcrew
  if [[ -e $file ]]; then
    # What a link leads to is kept, changed and put back; the link stays.
    file=$(readlink -f "$file")
    [[ -z $config_file && -z $match ]] || fail "/etc/pitcrew/pitcrew.yml exists: edit it, or move it away to begin with another"
    ((!first)) || begin_dry "$file"
    let_daemons_read "$file"
    return 0
  fi
  local begun=$work/pitcrew.yml
  if [[ -n $config_file ]]; then
    cp "$config_file" "$begun"
  elif [[ -n $match ]]; then
    if ((dry)); then
      say "  would: write /etc/pitcrew/pitcrew.yml from the running processes that match $match"
      return 0
    fi
    pitcrew init --match "$match" --config.file "$begun" || fail "no worker was found: start them first, or use --config.file FILE"
  else
    render "$here/settings/pitcrew.yml" >"$begun"
  fi
  chmod 0640 "$begun"
  with_dry_run "$begun" >"$work/first.yml"
  put "$work/first.yml" "$file" 0640 "$group"
}

# Often it is for root only: it may hold secrets. Both daemons are in the group pitcrew.
let_daemons_read() {
  local mode group
  ((live)) || return 0
  read -r mode group < <(stat -c '%a %G' "$1")
  if ((8#$mode & 8#004)) || [[ $group == pitcrew ]] && ((8#$mode & 8#040)); then return 0; fi
  if ((dry)); then
    say "  would: let group pitcrew read pitcrew.yml"
    return 0
  fi
  say "  let group pitcrew read pitcrew.yml"
  keep "$1"
  chgrp pitcrew "$1"
  chmod g+r "$1"
  settle "$1"
}

# A configuration that was there before pitcrew: its first run only shows what it would do.
begin_dry() {
  with_dry_run "$1" >"$work/first.yml"
  if cmp -s "$work/first.yml" "$1"; then return 0; fi
  say "  pitcrew.yml gets dry_run: true, for the first days"
  put "$work/first.yml" "$1" "$(stat -c 0%a "$1")" "$(stat -c %U:%G "$1")"
}

# The file with `dry_run: true`, unless it says something of its own about that.
with_dry_run() {
  if grep -Eq '^([^#]*[{, ])?dry_run *:' "$1"; then
    cat "$1"
  elif grep -Eq '^remediator: *(#.*)?$' "$1"; then
    # The first key below tells the indentation.
    local indent
    indent=$(awk '/^remediator: *(#.*)?$/ { below = 1; next } below && /^ +[^ #]/ { match($0, /^ +/); print RLENGTH; exit }' "$1")
    sed -E "s/^remediator: *(#.*)?\$/&\n$(printf '%*s' "${indent:-2}" '')dry_run: true/" "$1"
  elif grep -Eq '^remediator: *\{' "$1"; then
    sed -E 's/^(remediator: *\{)/\1dry_run: true, /' "$1"
  else
    cat "$1"
    printf '\nremediator:\n  dry_run: true\n'
  fi
}

# One secret for two readers: systemd hands the first to the daemons, Alertmanager's user reads the second.
write_token() {
  local file=$settings_folder/webhook.token reader=root user
  if [[ ! -s $file ]]; then
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' >"$work/token"
    put "$work/token" "$file" 0600
  fi
  for user in alertmanager prometheus; do
    if ((live)) && getent passwd "$user" >/dev/null; then
      reader=$(id -gn "$user")
      break
    fi
  done
  if ((dry)) && [[ ! -s $file ]]; then
    say "  would: write /etc/pitcrew/alertmanager.token"
    return 0
  fi
  put "$file" "$settings_folder/alertmanager.token" 0640 "root:$reader"
  ((!live)) || [[ $(stat -c %G "$settings_folder/alertmanager.token") == "$reader" ]] ||
    act "alertmanager.token is for group $reader" chgrp "$reader" "$settings_folder/alertmanager.token"
}

# follow_package SOURCE NAME: a file that nobody has edited follows the package; one that somebody has stays as it is.
follow_package() {
  local file=$settings_folder/$2
  packaged "$source_root/$1" >"$work/packaged"
  if [[ -e $file ]] && ! cmp -s "$work/packaged" "$file"; then
    if [[ -z $former || ! -e $program_folder/versions/$former/$1 ]] ||
      ! packaged "$program_folder/versions/$former/$1" | cmp -s - "$file"; then
      say "  $2 is yours and stays; the packaged one is $PREFIX/current/$1"
      return 0
    fi
  fi
  put "$work/packaged" "$file" 0644
}

packaged() { sed 's#/etc/pitcrew/webhook\.token#/etc/pitcrew/alertmanager.token#' "$1"; }

# What is installed must be able to run before anything that runs is touched.
check_settings() {
  ((live)) && [[ -e $settings_folder/pitcrew.yml && -e $source_root/dist/pitcrew.js ]] || return 0
  step "The configuration"
  if pitcrew check --config.file "$settings_folder/pitcrew.yml" >"$work/check" 2>&1; then
    head -n 1 "$work/check" | sed 's/^/  /'
  else
    cat "$work/check" >&2
    fail "version $program refuses this configuration: mend /etc/pitcrew/pitcrew.yml as said above"
  fi
}
