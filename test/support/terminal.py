"""Runs a program in a terminal of its own, which is closed when our own input ends; then tells how the program ended."""

import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
is_open = True
while is_open:
    ready = select.select([terminal, 0], [], [])[0]
    if terminal in ready:
        try:
            os.write(1, os.read(terminal, 65536))
        except OSError:
            is_open = False
    if 0 in ready and not os.read(0, 1024):
        is_open = False
os.close(terminal)
print("ended with", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
