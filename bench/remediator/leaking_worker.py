"""A worker whose end is timed: waits for a random time, holds more and more, and tells what happens to it, on the machine's monotonic clock."""

import argparse
import os
import random
import signal
import sys
import time

MIB = 1 << 20
BLOCK_MIB = 4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", required=True)
    parser.add_argument("--pidfile")
    parser.add_argument("--wait", type=float, nargs=2, default=(4, 8), help="seconds, at least and at most")
    parser.add_argument("--limit-mib", type=int, default=200)
    parser.add_argument("--until-mib", type=int, default=260)
    options = parser.parse_args()
    events = os.open(options.events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def tell(what):
        at = time.monotonic_ns()
        os.write(events, b"%s %d %d\n" % (what, os.getpid(), at))

    def end(_signal, _frame):
        tell(b"signal")
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if options.pidfile is not None:
        with open(options.pidfile, "w", encoding="ascii") as file:
            file.write("%d\n" % os.getpid())
    tell(b"start")
    time.sleep(random.uniform(*options.wait))
    page, held, has_crossed = os.sysconf("SC_PAGE_SIZE"), [], False
    with open("/proc/self/statm", "rb", buffering=0) as statm:
        while True:
            statm.seek(0)
            resident = int(statm.read().split()[1]) * page
            if resident > options.limit_mib * MIB and not has_crossed:
                has_crossed = True
                tell(b"crossed")
            if resident < options.until_mib * MIB:
                held.append(bytearray(b"\x01") * (BLOCK_MIB * MIB))
                time.sleep(0.01)
            else:
                time.sleep(60)


if __name__ == "__main__":
    sys.exit(main())
