"""Holds threads of another process, by ptrace: hold.py PID NAME [NAME ...].

Says "held" when all threads of these names stand still, and lets go of them when its input ends (or it does).
"""
import ctypes
import os
import sys

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) < 0:
        sys.exit(f"thread {thread}: {os.strerror(ctypes.get_errno())}")


def threads(process, names):
    tasks = f"/proc/{process}/task"
    for thread in map(int, os.listdir(tasks)):
        with open(f"{tasks}/{thread}/comm") as comm:
            if comm.read().strip() in names:
                yield thread


held = list(threads(sys.argv[1], sys.argv[2:]))
if not held:
    sys.exit("no thread has such a name")
for thread in held:
    ptrace(SEIZE, thread)
    ptrace(INTERRUPT, thread)
    os.waitpid(thread, WALL)
print("held", flush=True)
sys.stdin.read()
for thread in held:
    # It may be gone by now, with a process that began anew.
    libc.ptrace(DETACH, thread, None, None)
