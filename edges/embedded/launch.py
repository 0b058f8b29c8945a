"""Becomes another program: leaves root, keeps only the capability it cannot do without, ties its life to its parent.

Run by path with `python -I -S` (standard library only), because work between fork and exec is unsafe in a process
with threads. The process id stays the same, so the starter remains the direct parent of the program.
"""

import ctypes
import json
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522
EXIT_REFUSED = 126

libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def prctl(option: int, *values: int) -> None:
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def set_capabilities(effective: int, permitted: int, inheritable: int) -> None:
    header = _Header(CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)(_Data(effective, permitted, inheritable), _Data(0, 0, 0))
    if libc.capset(ctypes.byref(header), ctypes.byref(data)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def permitted_capabilities() -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib costs a third of the start
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm:"))


def unreachable(needs: list[tuple[str, int]]) -> list[str]:
    return [path for path, mode in needs if not os.access(path, mode)]


def leave_root(uid: int, gid: int, needs: list[tuple[str, int]]) -> None:
    """Changes to the account. Where directories above are closed to it, one capability to pass them is kept.

    `access` ignores the capabilities of ordinary users unless SECBIT_NO_SETUID_FIXUP is set, and the programs
    use it on their own files; therefore the bit stays set for the program too.
    """
    held = permitted_capabilities()
    try:
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    except OSError:
        held = 0
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    closed = unreachable(needs)
    if held == 0:
        if closed:
            raise PermissionError(
                f"user {uid} cannot reach {closed[0]}, and this process may not keep a capability"
            )
        return
    choices = [0]
    choices += [1 << cap for cap in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held & 1 << cap]
    for choice in choices:
        set_capabilities(choice, held & 0xFFFFFFFF, 0)
        closed = unreachable(needs)
        if not closed:
            set_capabilities(choice, choice, choice)
            for cap in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
                if choice == 1 << cap:
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap)
            return
    raise PermissionError(
        f"user {uid} cannot reach {closed[0]}, not even with the capabilities this process holds"
    )


def main() -> None:
    order = json.loads(sys.argv[1])
    command = sys.argv[2:]
    try:
        if order["account"] is not None:
            uid, gid = order["account"]
            leave_root(uid, gid, [(path, mode) for path, mode in order["needs"]])
            prctl(PR_SET_NO_NEW_PRIVS, 1)
        if order["death_signal"]:
            prctl(PR_SET_PDEATHSIG, order["death_signal"])
            if os.getppid() != order["parent"]:
                sys.exit(EXIT_REFUSED)
        os.execv(command[0], command)  # noqa: S606 - the order comes from our own parent
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        sys.exit(EXIT_REFUSED)


if __name__ == "__main__":
    main()
