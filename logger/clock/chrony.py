"""What chrony says about the wall clock, if chronyd runs: `chronyc -c tracking` (chronyc(1)), which any user may call.

D5C7A931,ntp.example,3,1795628400.123,0.000012,…,0.001,0.02,0.003,64.2,Normal
│        │           │ │               │             │    │     │
name of the server   │ last contact    │ still wrong │    │     leap status: "Not synchronised" until there is one
                     stratum                         root delay and root dispersion, in seconds
"""

import shutil
import subprocess

TIMEOUT_SECONDS = 2.0
FIELDS = 14
LOCAL = "7F7F0101"
"""Its name for the computer's own clock (`local` in chrony.conf), which is not a time server."""


def ask() -> float | None:
    """By how many seconds the wall clock may be wrong; None if chrony does not run or is not synchronised."""
    program = shutil.which("chronyc")
    if program is None:
        return None
    try:
        ran = subprocess.run(  # noqa: S603 - no part of the command comes from outside
            [program, "-c", "tracking"], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return error_seconds(ran.stdout) if ran.returncode == 0 else None


def error_seconds(tracking: str) -> float | None:
    """The correction still due, plus the largest error beyond it: half the root delay and the root dispersion."""
    fields = tracking.strip().split(",")
    if len(fields) != FIELDS or fields[0] == LOCAL or fields[-1] == "Not synchronised":
        return None
    try:
        still_wrong, root_delay, root_dispersion = float(fields[4]), float(fields[10]), float(fields[11])
    except ValueError:
        return None
    return abs(still_wrong) + abs(root_delay) / 2 + root_dispersion
