"""What tasks say of themselves, kept apart from Baton: a file of lines and a kernel lock per task instance.

A task of a chaos DAG sources lib.sh, takes the lock of its instance with a descriptor that all its descendants inherit, and
appends one line per happening (one write, O_APPEND). So two live process trees of one instance are seen by the kernel's lock
even where Baton believes that the first is dead, and what ended well is known without asking Baton.
"""

import os
from collections import defaultdict
from dataclasses import dataclass

LIB = r"""
say() { printf '%s %s %s %s %s %s\n' "$1" "$I" "$BATON_FENCE_TOKEN" "$BATON_TRY_NUMBER" "$$" "$EPOCHREALTIME" >> "$CHAOS/witness"; }
begin() {
  I="$BATON_TASK_ID/$BATON_MAP_INDEX"
  exec 9>> "$CHAOS/lock.$BATON_TASK_ID.$BATON_MAP_INDEX"
  flock -n 9 || say overlap
  say start
}
ok() { say ok; exit 0; }
bad() { say bad; exit 1; }
"""


@dataclass(frozen=True)
class Line:
    what: str  # start, ok, bad, overlap
    instance: str  # task/map_index
    epoch: int
    try_number: int
    pid: int
    at: float  # wall clock, seconds


class Witness:
    """Reads the file of one run; `folder` is the CHAOS folder of its tasks."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "witness")
        with open(os.path.join(folder, "lib.sh"), "w") as lib:
            lib.write(LIB)

    def lines(self):
        try:
            with open(self.path) as file:
                text = file.read()
        except FileNotFoundError:
            return []
        out = []
        for raw in text[: text.rfind("\n") + 1].splitlines():
            what, instance, epoch, try_number, pid, at = raw.split(" ")
            out.append(Line(what, instance, int(epoch), int(try_number), int(pid), float(at.replace(",", "."))))
        return out

    def count(self):
        return len(self.lines())

    def open_attempts(self):
        """Attempts that have begun and not said how they ended."""
        begun = {}
        for line in self.lines():
            key = (line.instance, line.epoch)
            if line.what == "start":
                begun[key] = line
            elif line.what != "overlap":
                begun.pop(key, None)
        return list(begun.values())

    def findings(self, disturbances, downstream):
        """What is wrong by the witness alone. `disturbances`: wall times at which a process was killed or stopped.

        Two ends of one instance are Baton's fault only where the first one must have been recorded: something downstream
        had started because of it, or it was there for SURELY_RECORDED_S before anything was disturbed. An end that is cut
        off between its own last line and the record of it is run again, as any system must (effects are idempotent by
        BATON_IDEMPOTENCY_KEY); how many those were is counted.
        """
        doubled, cut_off = [], 0
        by_instance = defaultdict(list)
        first_start = {}
        for number, line in enumerate(self.lines()):
            by_instance[line.instance].append((number, line))
            if line.what == "start":
                first_start.setdefault(line.instance.split("/")[0], number)
        for instance, numbered in by_instance.items():
            last_epoch, ended = 0, None
            for number, line in numbered:
                if line.what == "overlap":
                    doubled.append(f"{instance}: try {line.try_number} began while an earlier tree still lived")
                if line.what == "ok":
                    if ended is not None and ended.epoch == line.epoch:
                        doubled.append(f"{instance}: epoch {line.epoch} ended well twice")
                    ended = line
                if line.what != "start":
                    continue
                if line.epoch <= last_epoch:
                    doubled.append(f"{instance}: epoch {line.epoch} began after epoch {last_epoch}")
                last_epoch = max(last_epoch, line.epoch)
                if ended is None:
                    continue
                task = instance.split("/")[0]
                followers = [d for d in downstream.get(task, ()) if first_start.get(d, number) < number]
                if followers:
                    doubled.append(f"{instance}: began again (epoch {line.epoch}) after {followers[0]} had followed it")
                elif surely_recorded(ended.at, line.at, disturbances):
                    doubled.append(f"{instance}: began again (epoch {line.epoch}) long after it had ended well")
                else:
                    cut_off += 1
                ended = None
        return doubled, cut_off


SURELY_RECORDED_S = 3.0


def surely_recorded(ended_at, began_at, disturbances):
    first = min((at for at in disturbances if at >= ended_at - 1.0), default=began_at)
    return min(first, began_at) - ended_at > SURELY_RECORDED_S
