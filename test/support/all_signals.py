"""A worker for tests that never heard of pitcrew, as a JVM or a Go program: tells every signal that it gets; ends at SIGTERM."""

import os
import signal
import sys

descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
wanted = set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted | {signal.SIGTERM})
os.write(descriptor, b"start %d\n" % os.getpid())
while True:
    number = signal.sigwait(wanted | {signal.SIGTERM})
    os.write(descriptor, b"signal %d\n" % number)
    if number == signal.SIGTERM:
        sys.exit(0)
