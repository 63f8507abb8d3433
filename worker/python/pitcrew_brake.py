"""pitcrew's emergency brake: ends the trial when the machine runs out of memory, and the worker when that does not help.

One file, standard library only, Python 3.8 or later: copy it beside your script, or `pip install` its folder.

    from pitcrew_brake import Brake
    for params in Brake().guard(grid):   # a plain loop
        train(params)

    brake = Brake()                      # Optuna: `brake.check(trial)` is the first line of the objective, and
    study.optimize(objective, n_trials=100, callbacks=[brake.optuna()])

It also frees memory when pitcrew asks for it (relief) and leaves at the next boundary when pitcrew wants to renew the worker (drain).
Nothing in here can break a training: what cannot be read or written is left out, with one warning.
"""

import atexit
import contextlib
import ctypes
import fcntl
import gc
import json
import operator
import os
import random
import re
import signal
import stat
import sys
import threading
import time
import weakref
from types import FrameType
from typing import Any, Callable, Dict, Iterable, Iterator, List, NoReturn, Optional, Tuple, Type, TypeVar, Union

__all__ = ["Brake", "TrialKilled", "check_memory", "EXIT_CODE"]

T = TypeVar("T")
Json = Dict[str, Any]

EXIT_CODE = 42
GIB = 1 << 30
_MARKER = "PITCREW_BRAKE_OWNER"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_MAX_BYTES = 4096
_KERNEL_FILE_BYTES = 8192
_RELIEF_SETTLES = 1.0
_CGROUPS_AGE = 30.0
# Of what was last seen of requests: pitcrew waits for seconds, and a script may check a hundred thousand times in one.
_REQUESTS_AGE = 0.02


class TrialKilled(Exception):
    """The trial must end now. With Optuna loaded, the class raised is also `optuna.TrialPruned`."""


# What the machine could still give


class _KernelFile:
    """A small file of the kernel, read through a descriptor that stays open: a read costs a third of open-read-close."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor: Optional[int] = None

    def read(self, expected: bytes = b"") -> Optional[bytes]:
        """None if it cannot be read. A script may have closed all descriptors, and another file may have this number now."""
        for _ in range(2):
            try:
                if self._descriptor is None:
                    self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                text = os.pread(self._descriptor, _KERNEL_FILE_BYTES, 0)
                if expected in text:
                    return text
            except OSError:
                pass
            # Not closed: it may be somebody else's by now.
            self._descriptor = None
        return None

    def close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)


class _Group:
    """A memory control group (v2 or v1) of this process, or one above it."""

    def __init__(self, directory: str, v1: bool) -> None:
        self._limit = _KernelFile(directory + ("/memory.limit_in_bytes" if v1 else "/memory.max"))
        self._usage = _KernelFile(directory + ("/memory.usage_in_bytes" if v1 else "/memory.current"))
        self._stat = _KernelFile(directory + "/memory.stat")
        prefix = b"total_" if v1 else b""
        self._caches = (b"\n" + prefix + b"inactive_file ", b"\n" + prefix + b"active_file ")

    def headroom(self) -> Optional[int]:
        """limit - (usage - file cache); None without a limit, or if it cannot be read."""
        limit = self._limit.read()
        if limit is None or limit.startswith(b"max") or int(limit) >= 1 << 62:
            return None
        usage, text = self._usage.read(), self._stat.read()
        if usage is None or text is None:
            return None
        text = b"\n" + text
        cache = sum(_number_after(text, name) or 0 for name in self._caches)
        return int(limit) - (int(usage) - cache)

    def close(self) -> None:
        for file in (self._limit, self._usage, self._stat):
            file.close()


class _Available:
    """The smaller of the host's MemAvailable and the least headroom of this control group and those above it."""

    def __init__(self, proc: str = "/proc", cgroup: str = "/sys/fs/cgroup") -> None:
        self._proc, self._cgroup = proc, cgroup
        self._meminfo = _KernelFile(proc + "/meminfo")
        self._groups: List[_Group] = []
        self._looked: Optional[float] = None

    def __call__(self) -> Optional[int]:
        # Limits and membership hardly ever change; following them at every check would cost more than all else.
        now = time.monotonic()
        if self._looked is None or now - self._looked > _CGROUPS_AGE:
            self._looked = now
            self._find_groups()
        text = self._meminfo.read(b"MemAvailable:")
        kib = None if text is None else _number_after(text, b"MemAvailable:")
        available = None if kib is None else kib * 1024
        for group in self._groups:
            try:
                headroom = group.headroom()
            except ValueError:
                continue
            if headroom is not None and (available is None or headroom < available):
                available = headroom
        return available

    def total(self) -> Optional[int]:
        text = self._meminfo.read(b"MemTotal:")
        kib = None if text is None else _number_after(text, b"MemTotal:")
        return None if kib is None else kib * 1024

    def _find_groups(self) -> None:
        former, self._groups = self._groups, []
        for directory, v1 in self._directories():
            group = _Group(directory, v1)
            with contextlib.suppress(ValueError):
                if group.headroom() is not None:
                    self._groups.append(group)
                    continue
            group.close()
        for group in former:
            group.close()

    def _directories(self) -> Iterator[Tuple[str, bool]]:
        try:
            with open(self._proc + "/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError:
            return
        for line in lines:
            hierarchy, controllers, path = (line.split(":", 2) + ["", ""])[:3]
            v1 = "memory" in controllers.split(",")
            if not v1 and (hierarchy, controllers) != ("0", ""):
                continue
            unified = self._cgroup + ("" if os.path.exists(self._cgroup + "/cgroup.controllers") else "/unified")
            mount = self._cgroup + "/memory" if v1 else unified
            # Inside of a container the path may be the host's (then only the mount's root exists) or lead out of it ("/..").
            parts = [] if "/.." in path else [part for part in path.split("/") if part]
            for depth in range(len(parts), -1, -1):
                directory = "/".join([mount] + parts[:depth])
                if os.path.isdir(directory):
                    yield directory, v1


def _number_after(text: bytes, name: bytes) -> Optional[int]:
    at = text.find(name)
    if at < 0:
        return None
    words = text[at + len(name) : at + len(name) + 32].split(None, 1)
    return int(words[0]) if words and words[0].isdigit() else None


def _resident_bytes() -> Optional[int]:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


# Who this process is


def _stat_fields(pid: Union[int, str]) -> Optional[List[str]]:
    """Fields of /proc/<pid>/stat from the third on: proc_pid_stat(5). The command before them may hold anything."""
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(") ")[2].split()
    except OSError:
        return None


def _start_ticks(pid: int) -> Optional[int]:
    """None if the process is gone or a zombie."""
    fields = _stat_fields(pid)
    return None if fields is None or len(fields) < 20 or fields[0] in "ZX" else int(fields[19])


def _boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _read_json(path: str, owners: Optional[Tuple[int, ...]] = None) -> Optional[Json]:
    """A small regular file that holds one JSON object of version 1; anything else is None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return None
        if owners is not None and status.st_uid not in owners:
            return None
        value = json.loads(os.read(descriptor, _MAX_BYTES + 1).decode("utf-8"))
        return value if isinstance(value, dict) and value.get("version") == 1 else None
    except (OSError, ValueError, RecursionError):
        return None
    finally:
        os.close(descriptor)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else 0


class _Seat:
    """What this process is to pitcrew, shared by all of its brakes: its record, the requests to it, whether it is leaving.

    Only the worker itself writes the record and leaves with 42, never a child of it, however that child was started.
    """

    def __init__(self, worker: str, directory: str) -> None:
        self.lock = threading.RLock()
        self.worker, self.directory = worker, directory
        self.pid = os.getpid()
        self.ticks = _start_ticks(self.pid) or 0
        self.boot = _boot_id()
        self.corner = os.path.join(directory, "workers", worker) if worker and directory else ""
        self._request = os.path.join(directory, worker + ".request") if self.corner else None
        self.total = 0
        self.last_brake: Optional[float] = None
        self.last_relief: Optional[Json] = None
        self.draining = False
        self.leaving = False
        self._answered = ""
        self._looked = float("-inf")
        self._seen: Optional[Tuple[int, int, int]] = None
        self._warned = False
        self._descriptor: Optional[int] = None
        former = _read_json(os.path.join(self.corner, "brake")) if self.corner else None
        self.owner = self._take(former)
        if former is not None and self.owner and former.get("worker") == worker:
            self.total = _count(former.get("brakes_total"))
            last = former.get("last_brake")
            self.last_brake = float(last) if isinstance(last, (int, float)) and not isinstance(last, bool) else None

    def _take(self, former: Optional[Json]) -> bool:
        multiprocessing = sys.modules.get("multiprocessing")
        if multiprocessing is not None and multiprocessing.parent_process() is not None:
            return False
        pid, ticks, corner = (os.environ.get(_MARKER, "").split(":", 2) + ["", ""])[:3]
        if corner == self.corner and pid.isdigit() and self._is_other(int(pid), ticks):
            return False
        # A Node process above us locks nothing, but its record says that it lives.
        if former is not None and former.get("boot_id") == self.boot:
            if self._is_other(_count(former.get("pid")), str(former.get("start_ticks"))):
                return False
        if self.corner and not self._lock_file():
            return False
        os.environ[_MARKER] = "%d:%d:%s" % (self.pid, self.ticks, self.corner)
        return True

    def _is_other(self, pid: int, ticks: str) -> bool:
        return pid not in (0, self.pid) and str(_start_ticks(pid)) == ticks

    def _lock_file(self) -> bool:
        """False if another process holds it. Such a lock is a process's own: a fork does not inherit it."""
        path = os.path.join(self.corner, "brake.lock")
        try:
            os.makedirs(self.corner, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o660)
        except OSError as error:
            self.warn("%s cannot be opened (%s)" % (path, error.strerror))
            return True
        try:
            # The descriptor stays open for good: closing any descriptor of the file would release the lock.
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return not isinstance(error, (BlockingIOError, PermissionError))
        return True

    def become_child(self) -> None:
        self.lock = threading.RLock()
        self.pid = os.getpid()
        self.owner = self.draining = self.leaving = False
        self.total = 0

    def warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            _say("pitcrew: %s; training goes on without it" % text)

    def write(self, fields: Json) -> None:
        if not self.owner or not self.corner:
            return
        record = {
            "version": 1,
            "worker": self.worker,
            "pid": self.pid,
            "start_ticks": self.ticks,
            "boot_id": self.boot,
            "brakes_total": self.total,
            "last_brake": self.last_brake,
            "last_relief": self.last_relief,
            "handles": ["relief", "drain"],
            "ending": None,
            "updated": time.time(),
        }
        record.update(fields)
        # A reader sees the old record or the new one, never a half.
        temporary = os.path.join(self.corner, ".brake.%d.%s" % (self.pid, os.urandom(6).hex()))
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o600)
            try:
                rest = json.dumps(record).encode("ascii") + b"\n"
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fchmod(descriptor, 0o644)
            finally:
                os.close(descriptor)
            os.replace(temporary, os.path.join(self.corner, "brake"))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            self.warn("its record in %s cannot be written (%s)" % (self.corner, error.strerror))

    def request(self, now: float) -> Optional[Json]:
        """A request to this very process that has not been answered yet. Looked for every so often, by one system call."""
        path = self._request
        if path is None or not self.owner or abs(now - self._looked) < _REQUESTS_AGE:
            return None
        self._looked = now
        try:
            status = os.stat(path, follow_symlinks=False)
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return None
            request = _read_json(path, (0, os.stat(self.directory).st_uid))
        except OSError:
            return None
        with self.lock:
            self._seen = seen
            if request is None or request.get("worker") != self.worker or request.get("boot_id") != self.boot:
                return None
            if (request.get("pid"), request.get("start_ticks")) != (self.pid, self.ticks):
                return None
            identity = request.get("id")
            if not isinstance(identity, str) or identity in ("", self._answered):
                return None
            self._answered = identity
            return request


_seats: Dict[Tuple[str, str], _Seat] = {}
_seats_lock = threading.RLock()


def _seat(worker: Optional[str], directory: Optional[str]) -> _Seat:
    name = os.environ.get("PITCREW_WORKER", "") if worker is None else worker
    place = os.environ.get("PITCREW_RUN_DIRECTORY", "") if directory is None else directory
    if not name or not place or _NAME.fullmatch(name) is None:
        name = place = ""
    with _seats_lock:
        if (name, place) not in _seats:
            _seats[name, place] = _Seat(name, place)
        return _seats[name, place]


# The count


class _Streak:
    """The brakes in a row, as the table of cases has them. Pure: time and readings are given to it."""

    def __init__(self, reset_after: float, spacing: float) -> None:
        self.reset_after, self.spacing = reset_after, spacing
        self.brakes = 0
        self._last: Optional[float] = None
        self._safe_since: Optional[float] = None

    def judge(self, now: float, available: Optional[int], threshold: int) -> str:
        """`safe`, `reset` (safe for so long that the streak ends), `unknown` or `below`."""
        if available is None:
            return "unknown"
        over = self._safe_since is not None and now - self._safe_since > self.reset_after
        ended = over and self.brakes > 0
        if over:
            self.brakes, self._safe_since = 0, None
        if available < threshold:
            return "below"
        if self._safe_since is None and self.brakes > 0:
            self._safe_since = now
        return "reset" if ended else "safe"

    def must_wait(self, now: float) -> float:
        """Seconds until a brake may follow the last one."""
        if self._last is None or now - self._last >= self.spacing:
            return 0.0
        return min(self.spacing, self.spacing - (now - self._last))

    def count(self, now: float, in_child: bool) -> None:
        self._last = now
        if not in_child:
            self.brakes += 1
            self._safe_since = None


class Brake:
    """Create it once, at the start of the worker; call `check()` where a trial or a CV split begins.

    threshold: bytes that must stay available. limit: brakes in a row after which the worker leaves with exit code 42; 0: never; default:
    `limits.consecutive_brakes` of pitcrew.yml, else 10. reset_after: seconds of safe memory that end a streak. spacing: seconds between two
    brakes. grace: seconds that handlers and threads have to end once the worker leaves. jitter: at the limit it waits up to so many seconds
    and looks again, so that the end of one worker spares the others. worker, run_directory: its place; default: what pitcrew has set.
    on_checkpoint: called before the worker leaves because pitcrew asked it to. optuna: "prune", or "fail" to have a killed trial recorded as
    FAIL, which samplers ignore (then: `study.optimize(..., catch=(TrialKilled,))`).
    """

    def __init__(
        self,
        threshold: int = 2 << 30,
        limit: Optional[int] = None,
        reset_after: float = 60.0,
        spacing: float = 1.0,
        grace: float = 10.0,
        worker: Optional[str] = None,
        run_directory: Optional[str] = None,
        on_checkpoint: Optional[Callable[[], object]] = None,
        jitter: float = 5.0,
        optuna: str = "prune",
        available: Optional[Callable[[], Optional[int]]] = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if optuna not in ("prune", "fail"):
            raise ValueError('optuna must be "prune" or "fail", not %r' % (optuna,))
        self.threshold = int(threshold)
        self.limit = _configured_limit() if limit is None else int(limit)
        self.grace, self.jitter = grace, jitter
        self.on_checkpoint = on_checkpoint
        self._optuna = optuna
        self._machine = _Available()
        self._read: Callable[[], Optional[int]] = available or self._machine
        self._clock, self._sleep = clock, sleep
        self._streak = _Streak(reset_after, spacing)
        self._relievers: List[Callable[[], object]] = []
        #: thread -> the Optuna trial that it is in
        self._trials: Dict[int, int] = {}
        self._has_callback = False
        self._available: Optional[int] = None
        self._seat = _seat(worker, run_directory)
        _brakes.add(self)
        _prepare_process()
        self._record()

    @property
    def draining(self) -> bool:
        """pitcrew wants this worker to leave at its next boundary."""
        return self._seat.draining

    @property
    def consecutive_brakes(self) -> int:
        return self._streak.brakes

    @property
    def brakes_total(self) -> int:
        """Of this worker, former processes of it included."""
        return self._seat.total

    def check(self, trial: Any = None, context: str = "") -> None:
        """Returns if there is memory enough, else raises TrialKilled; leaves (SystemExit 42) at the limit, or if it was asked to."""
        seat = self._seat
        if seat.leaving:
            raise self._killed("%s ends: the worker is leaving" % _unit_name(trial, context))
        self._look_for_requests()
        if self._begins_unit(trial) and seat.draining:
            self._leave("drained", None)
        available = self._available = self._read()
        if available is not None and available < self.threshold:
            self._brake(trial, context)
        elif self._streak.brakes > 0:
            with seat.lock:
                if self._streak.judge(self._clock(), available, self.threshold) == "reset":
                    self._record()

    @contextlib.contextmanager
    def unit(self, context: str = "") -> Iterator[None]:
        """One trial or CV split: `with brake.unit("split 3"): ...`. Checks before it; after it, leaves if pitcrew asked for that."""
        self.check(None, context)
        yield
        self._look_for_requests()
        if self.draining:
            self._leave("drained", None)

    def guard(self, items: Iterable[T], context: str = "") -> Iterator[T]:
        """`for item in brake.guard(items)`: waits for memory before it takes an item, so that none is begun in vain and none dropped."""
        iterator = iter(items)
        number = 0
        while True:
            # Checked before the item is taken (a queue would lose it), unless it is known that there is none.
            if operator.length_hint(iterator, 1) > 0:
                try:
                    self.check(None, "%s %d" % (context or "item", number + 1))
                except TrialKilled:
                    if self._seat.leaving:
                        raise
                    continue
            try:
                item = next(iterator)
            except StopIteration:
                return
            number += 1
            yield item

    def on_relief(self, function: Callable[[], object]) -> Callable[[], object]:
        """Registers what frees memory: clearing a replay buffer, dropping a cache. Also a decorator."""
        self._relievers.append(function)
        return function

    def relieve(self) -> Optional[int]:
        """Frees what can be freed, and a second later tells by how many bytes this process has shrunk."""
        return self._relieve("")

    def optuna(self) -> Callable[[Any, Any], None]:
        """For `callbacks=[...]`: leaves between two trials, once the last one is recorded."""
        self._has_callback = True

        def after_trial(study: Any, trial: Any) -> None:
            with self._seat.lock:
                for thread, number in list(self._trials.items()):
                    if number == trial.number:
                        del self._trials[thread]
                others = bool(self._trials)
            self._look_for_requests()
            if not self.draining or self._seat.leaving:
                return
            if others:
                # With n_jobs, other threads are still in their trials: no more begin, and the last one leaves.
                study.stop()
            else:
                self._leave("drained", None)

        return after_trial

    def _begins_unit(self, trial: Any) -> bool:
        """Whether nothing is lost if the worker leaves here. An Optuna trial is not to be left RUNNING for ever."""
        if not _is_optuna_trial(trial):
            return True
        thread = threading.get_ident()
        if self._trials.get(thread) == trial.number:
            return False
        if not self._has_callback and self.draining:
            _tell_failed(trial)
            return True
        self._trials[thread] = trial.number
        return False

    def _look_for_requests(self) -> None:
        request = self._seat.request(self._clock())
        if request is None:
            return
        if request.get("kind") == "drain":
            self._seat.draining = True
        elif request.get("kind") == "relief":
            self._relieve(str(request.get("id")))

    def _brake(self, trial: Any, context: str) -> None:
        """Below the threshold: counted at most once per `spacing`, and only if it is still so after what can be freed is freed."""
        seat, streak = self._seat, self._streak
        _free()
        is_last_confirmed = False
        while True:
            available = self._available = self._read()
            with seat.lock:
                if seat.leaving:
                    raise self._killed("%s ends: the worker is leaving" % _unit_name(trial, context))
                now = self._clock()
                verdict = streak.judge(now, available, self.threshold)
                if verdict != "below":
                    if verdict == "reset":
                        self._record()
                    return
                pause = streak.must_wait(now)
                is_last = seat.owner and 0 < self.limit <= streak.brakes + 1
                if pause == 0 and is_last and not is_last_confirmed:
                    is_last_confirmed = True
                    pause = random.uniform(0, self.jitter)
                elif pause == 0:
                    self._count(now)
                    break
            if pause > 0:
                self._sleep(pause)
        name = _unit_name(trial, context)
        short = "%.2f GiB available, %.2f GiB needed" % ((available or 0) / GIB, self.threshold / GIB)
        if not seat.owner:
            _say("🛑 EMERGENCY BRAKE: %s killed in a child process: %s" % (name, short))
            raise self._killed("%s killed: %s" % (name, short))
        _say("🛑 EMERGENCY BRAKE: %s killed (brake #%d): %s" % (name, streak.brakes, short))
        if is_last:
            self._leave("brake_limit", trial)
        raise self._killed("%s killed (brake #%d): %s" % (name, streak.brakes, short))

    def _count(self, now: float) -> None:
        seat = self._seat
        self._streak.count(now, in_child=not seat.owner)
        if seat.owner:
            seat.total += 1
            seat.last_brake = time.time()
            self._record()

    def _relieve(self, request: str) -> Optional[int]:
        before = _resident_bytes()
        for function in self._relievers:
            try:
                function()
            except Exception as error:  # A reliever that fails must not end the training.
                _say("pitcrew: a relief callback failed: %r" % (error,))
        _free()
        torch = sys.modules.get("torch")
        with contextlib.suppress(Exception):
            if torch is not None:
                torch.cuda.empty_cache()
        # What malloc_trim answers says nothing; what the kernel has got back, it shows a moment later.
        self._sleep(_RELIEF_SETTLES)
        after = _resident_bytes()
        freed = None if before is None or after is None else before - after
        with self._seat.lock:
            self._seat.last_relief = {"at": time.time(), "request": request or None, "freed_bytes": freed}
            self._record()
        return freed

    def _record(self, ending: Optional[str] = None) -> None:
        self._seat.write(
            {
                "consecutive_brakes": self._streak.brakes,
                "limit": max(0, self.limit),
                "available_bytes": self._available,
                "threshold_bytes": self.threshold,
                "ending": None if ending is None else {"reason": ending, "at": time.time()},
            }
        )

    def _killed(self, message: str) -> TrialKilled:
        return _exception_class(self._optuna)(message)

    def _become_child(self) -> None:
        if self._seat.pid != os.getpid():
            self._seat.become_child()
        self._streak.brakes = 0
        self._trials.clear()

    def _leave(self, reason: str, trial: Any) -> NoReturn:
        """Ends the worker with exit code 42: from the main thread, with all handlers; else, and if they hang, without."""
        seat = self._seat
        with seat.lock:
            already, seat.leaving = seat.leaving, True
        if already:
            raise self._killed("the worker is leaving")
        if reason == "drained" and self.on_checkpoint is not None:
            try:
                self.on_checkpoint()
            except Exception as error:
                _say("pitcrew: the checkpoint failed: %r" % (error,))
        with seat.lock:
            self._record(ending=reason)
        for line in self._last_words(reason):
            _say(line)
        if _is_optuna_trial(trial):
            _tell_failed(trial)
        _start_grace(self.grace)
        _end_multiprocessing(self.grace / 4)
        _flush()
        if threading.current_thread() is not threading.main_thread():
            _wake_main_thread()
        raise SystemExit(EXIT_CODE)

    def _last_words(self, reason: str) -> List[str]:
        if reason != "brake_limit":
            return ["pitcrew: leaving at a boundary, as asked, with exit code %d (PID %d)" % (EXIT_CODE, os.getpid())]
        total, available = self._machine.total() or 0, self._available or 0
        used = total - available
        percent = 100 * used / total if total else 0.0
        return [
            "🚨🚨🚨 CRITICAL: WORKER RESTART REQUIRED 🚨🚨🚨",
            "Emergency brake fired %d times consecutively" % self._streak.brakes,
            "Memory stuck at: %.2f GB / %.2f GB (%.1f%%)" % (used / GIB, total / GIB, percent),
            "WORKER PROCESS WILL EXIT - Watchdog will restart it",
            "Exiting worker process (PID %d) with exit code %d..." % (os.getpid(), EXIT_CODE),
        ]


_brakes: "weakref.WeakSet[Brake]" = weakref.WeakSet()
_default: Optional[Brake] = None


def check_memory(
    trial: Any = None, context: str = "", safe_threshold_gb: float = 2.0, consecutive_brake_limit: int = 10
) -> None:
    """The call that scripts have made so far. "gb" means GiB."""
    global _default
    brake = _default
    if brake is None:
        brake = _default = Brake(threshold=int(safe_threshold_gb * GIB), limit=consecutive_brake_limit)
    brake.threshold, brake.limit = int(safe_threshold_gb * GIB), consecutive_brake_limit
    brake.check(trial, context)


def _configured_limit() -> int:
    text = os.environ.get("PITCREW_CONSECUTIVE_BRAKES", "")
    return int(text) if text.isdigit() else 10


def _say(line: str) -> None:
    """To the worker's log. Past every buffer and lock: this must work in a handler, in a fork, and when nothing else does."""
    with contextlib.suppress(OSError):
        os.write(2, (line + "\n").encode("utf-8", "replace"))


def _unit_name(trial: Any, context: str) -> str:
    number = getattr(trial, "number", trial)
    name = "Trial" if number is None else "Trial #%s" % number
    return "%s (%s)" % (name, context) if context else name


def _free() -> None:
    gc.collect()
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).malloc_trim(0)


# Optuna, if the script has imported it; it is never imported from here


_exception_classes: Dict[type, Type[TrialKilled]] = {}


def _exception_class(optuna: str) -> Type[TrialKilled]:
    pruned = getattr(sys.modules.get("optuna"), "TrialPruned", None)
    if optuna == "fail" or not isinstance(pruned, type):
        return TrialKilled
    if pruned not in _exception_classes:
        _exception_classes[pruned] = type("TrialKilled", (TrialKilled, pruned), {"__module__": __name__})
    return _exception_classes[pruned]


def _is_optuna_trial(trial: Any) -> bool:
    return trial is not None and hasattr(trial, "number") and hasattr(trial, "study")


def _tell_failed(trial: Any) -> None:
    """Else the trial stays RUNNING for ever: optimize() records nothing when the process ends."""
    try:
        trial.study.tell(trial, state=sys.modules["optuna"].trial.TrialState.FAIL)
    except Exception as error:
        _say("pitcrew: trial %s could not be recorded as failed: %r" % (getattr(trial, "number", "?"), error))


# The end of the process


_is_prepared = False
#: Wakes the main thread out of a wait. Nobody else uses it: it is ours only where it does nothing yet.
_WAKE = getattr(signal, "SIGRTMAX", 0) - 2


def _prepare_process() -> None:
    global _is_prepared
    if _is_prepared:
        return
    _is_prepared = True
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)
    # Registered first, so it runs last: what other handlers have printed must not change the exit code either.
    atexit.register(_flush_if_leaving)
    if threading.current_thread() is threading.main_thread():
        _listen_for_wake()
    else:
        # Only the main thread may set a handler; it does so when it next runs.
        ctypes.pythonapi.Py_AddPendingCall(_PENDING, None)


def _listen_for_wake(_argument: object = None) -> int:
    with contextlib.suppress(OSError, ValueError):
        if _WAKE > 0 and signal.getsignal(_WAKE) is signal.SIG_DFL:
            signal.signal(_WAKE, _on_wake)
    return 0


_PENDING = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_listen_for_wake)


def _after_fork() -> None:
    global _seats_lock
    _seats_lock = threading.RLock()
    for brake in list(_brakes):
        brake._become_child()


def _on_wake(_signal: int, _frame: Optional[FrameType]) -> None:
    if _is_leaving():
        raise SystemExit(EXIT_CODE)


def _wake_main_thread() -> None:
    """If it listens; if not, the grace thread ends the process."""
    main = threading.main_thread().ident
    if main is not None and _WAKE > 0 and signal.getsignal(_WAKE) is _on_wake:
        signal.pthread_kill(main, _WAKE)


def _is_leaving() -> bool:
    return any(seat.leaving and seat.pid == os.getpid() for seat in list(_seats.values()))


def _start_grace(seconds: float) -> None:
    def end() -> None:
        time.sleep(seconds)
        _say("pitcrew: the worker has not ended within its grace of %g s" % seconds)
        for pid in _descendants(os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        os._exit(EXIT_CODE)

    try:
        threading.Thread(target=end, name="pitcrew-grace", daemon=True).start()
    except RuntimeError:
        # No memory for a thread: no grace then, rather than a worker that never ends.
        signal.alarm(max(1, int(seconds)))


def _descendants(root: int) -> List[int]:
    children: Dict[int, List[int]] = {}
    for name in os.listdir("/proc"):
        fields = _stat_fields(name) if name.isdigit() else None
        if fields is not None and len(fields) > 1:
            children.setdefault(int(fields[1]), []).append(int(name))
    found, at = [], [root]
    while at:
        below = children.pop(at.pop(), [])
        found += below
        at += below
    return found


def _end_multiprocessing(patience: float) -> None:
    """Data loaders and pools: the interpreter would wait for them when it ends."""
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None:
        return
    with contextlib.suppress(Exception):
        children = multiprocessing.active_children()
        for child in children:
            child.terminate()
        deadline = time.monotonic() + patience
        for child in children:
            child.join(max(0.0, deadline - time.monotonic()))
            if child.is_alive():
                child.kill()


def _flush_if_leaving() -> None:
    if _is_leaving():
        _flush()


def _flush() -> None:
    """What cannot be written (a closed pipe, a full disk) is given up: Python would turn exit code 42 into 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except Exception:
            with contextlib.suppress(Exception):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
