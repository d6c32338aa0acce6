"""Runs commands for a test and says what each cost. A process of its own, because the peak memory of a child begins with
that of the process that started it: this one stays small. One request a line: [argv, folder, file for the output]."""

import json
import os
import subprocess
import sys

for request in sys.stdin:
    argv, folder, output = json.loads(request)
    with open(output, "wb") as out:
        process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]), flush=True)
