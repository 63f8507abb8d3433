"""Fills and empties buffers in several threads, as data loaders do, and tells what stays resident: before a trim, and after it."""

import ctypes
import json
import os
import threading

MIB = 1 << 20
THREADS, BLOCKS, BLOCK_BYTES = 8, 200, 100 * 1024


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    before = resident()
    kept = []

    def load():
        blocks = [bytearray(b"\x01") * BLOCK_BYTES for _ in range(BLOCKS)]
        # Every 20th buffer is still in use somewhere: memory between those cannot be returned by lowering the heap's end.
        kept.extend(blocks[::20])

    barrier = threading.Barrier(THREADS)
    threads = [threading.Thread(target=lambda: (barrier.wait(), load())) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = resident()
    ctypes.CDLL(None).malloc_trim(0)
    trimmed = resident()
    needed = len(kept) * BLOCK_BYTES
    print(json.dumps({name: round(value / MIB, 1) for name, value in
                      {"needed": needed, "after": after - before, "trimmed": trimmed - before}.items()}))


main()
