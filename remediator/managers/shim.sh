#!/bin/sh
# The parent of one supervised worker: holds its lock, records its birth before its first instruction and how it ended,
# and outlives the remediator that started it. Fixed text: every argument is passed on as it is, none is interpreted.
#
#   shim.sh supervise RUN_DIRECTORY WORKER START_ID UID GID DIRECTORY ARGV…      (UID "-": no change of user)
#
# Ends with 75 when a copy runs or may run, 0 when the worker has ended and its exit is recorded, anything else when no
# worker was begun. Everything is read before it runs, so that an upgrade may replace this file under a running shim.
# The variables are named __x: the worker's own environment passes through here and must arrive unchanged.
set -fu

# Sets __text to the content of a file, its lines joined by spaces.
slurp() {
  __text=
  [ -r "$1" ] || return 1
  while IFS= read -r __line || [ -n "$__line" ]; do __text="$__text $__line"; done <"$1" || return 1
  [ -n "$__text" ]
} 2>/dev/null

# Sets __state, __ppid, __threads and __ticks of a process: proc_pid_stat(5), fields 3, 4, 20 and 22. The name (field 2)
# may hold anything, ')' too.
stat_of() {
  slurp "/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # split on purpose; globbing is off
  set -- ${__text##*\)}
  [ "$#" -ge 20 ] || return 1
  __state=$1 __ppid=$2
  shift 17
  __threads=$1 __ticks=$3
}

# Sets __number to the digits after a key of the JSON in __text.
number_at() {
  __number=${__text#*\"$1\":}
  __number=${__number# }
  __number=${__number%%[!0-9]*}
  [ -n "$__number" ]
}

# A worker whose shim was killed runs on without a lock: its record forbids a second copy.
recorded_worker_lives() {
  slurp "$__run/$__worker.pid" || return 1
  case $__text in *\""$__boot"\"*) ;; *) return 1 ;; esac
  number_at start_ticks || return 1
  __recorded=$__number
  number_at pid || return 1
  stat_of "$__number" || return 1
  [ "$__ticks" = "$__recorded" ] || return 1
  # A zombie is dead, unless only its first thread has ended and others run on.
  case $__state in Z) [ "$__threads" -gt 1 ] ;; X | x) return 1 ;; esac
}

supervise() {
  __run=$1 __worker=$2 __start_id=$3
  shift 3
  # Handlers, not '': an ignored signal would stay ignored in the worker. They run when the worker has ended.
  trap : HUP INT QUIT TERM ALRM USR1 USR2
  __umask=$(umask)
  umask 022
  slurp /proc/sys/kernel/random/boot_id || exit 70
  __boot=${__text# }

  exec 9<>"$__run/$__worker.lock" || exit 73
  command -p flock -n -E 75 9 || exit $?
  recorded_worker_lives && exit 75
  stat_of $$ || exit 70
  printf '{"version":1,"pid":%s,"start_ticks":%s,"boot_id":"%s"}\n' $$ "$__ticks" "$__boot" >"$__run/$__worker.lock" || exit 73

  # The worker's identity comes back through a file without a name: the pid record may be lost while the worker runs.
  exec 8>"$__run/.$__worker.$$" 7<"$__run/.$__worker.$$" || exit 73
  command -p rm -f -- "$__run/.$__worker.$$"

  # The marker is the worker's alone: this process must not be taken for a member of its tree.
  export PITCREW_WORKER="$__worker" PITCREW_RUN_DIRECTORY="$__run"
  # In the foreground, because a shell lets its background jobs ignore SIGINT; in a session of its own, because a
  # worker may signal its whole process group.
  command -p setsid /bin/sh "$0" become $$ "$__boot" "$__umask" "$__run" "$__worker" "$__start_id" "$@" 7<&- 9>&-
  __code=$?
  unset PITCREW_WORKER PITCREW_RUN_DIRECTORY
  exec 8>&-
  read -r __pid __ticks <&7 || exit "$__code"
  read -r __unborn <&7 && exit "$__code"

  __now=$(command -p date +%s)
  printf '{"version":1,"worker":"%s","pid":%s,"start_ticks":%s,"boot_id":"%s","code":%s,"at":%s}\n' \
    "$__worker" "$__pid" "$__ticks" "$__boot" "$__code" "$__now" >"$__run/.$__worker.exit.$$" || exit 73
  command -p mv -f -- "$__run/.$__worker.exit.$$" "$__run/$__worker.exit" || exit 73
  exit 0
}

# A process of its own, so that $$ is what the worker's pid will be: pid and start ticks survive exec.
become() {
  __shim=$1 __boot=$2 __umask=$3 __run=$4 __worker=$5 __start_id=$6 __uid=$7 __gid=$8
  shift 8
  cd -- "$1" || exit 72
  shift
  stat_of $$ || exit 70
  # A killed shim has let go of the lock: without it there is no right to run.
  [ "$__ppid" = "$__shim" ] || exit 75
  printf '{"version":1,"worker":"%s","pid":%s,"start_ticks":%s,"boot_id":"%s","session":%s,"start_id":"%s"}\n' \
    "$__worker" $$ "$__ticks" "$__boot" $$ "$__start_id" >"$__run/.$__worker.pid.$$" || exit 73
  # Before the record is there for others to see: from then on a signal may end this process, and its exit is recorded.
  printf '%s %s\n' $$ "$__ticks" >&8 || exit 73
  command -p mv -f -- "$__run/.$__worker.pid.$$" "$__run/$__worker.pid" || {
    echo unborn >&8
    exit 73
  }
  exec 8>&-
  stat_of $$ || exit 70
  [ "$__ppid" = "$__shim" ] || exit 75
  umask "$__umask"
  unset OLDPWD
  [ "$__uid" = - ] && exec "$@"
  __setpriv=$(command -pv setpriv) || exit 127
  exec "$__setpriv" --reuid "$__uid" --regid "$__gid" --init-groups -- "$@"
}

main() {
  __step=$1
  shift
  case $__step in
    supervise) supervise "$@" ;;
    become) become "$@" ;;
    *) exit 64 ;;
  esac
  exit 64
}

main "$@"; exit
