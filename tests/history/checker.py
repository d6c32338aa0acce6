"""The history checker: what clients asked and were told, and what tasks say of themselves, held against what Baton says
at the end. It shares no code with Baton, and knows of it only what docs/INVARIANTS.md promises. Pure: a history is a value.

    python3 checker.py history.json      lists what is wrong; exit code 1 where anything is

A history is one JSON object:

    pools     {name: slots}
    dags      {dag: {"needs": {task: [task]}, "retries": n, "pool": {task: name}, "every_s": seconds of its schedule or null}}
    clients   [{"id", "at", "done_at", "dag", "op": trigger|stop|clear|mark, "run", "key", "outcome": ok|refused|unknown, "run_made"}]
    witness   [{"what": start|ok|bad|overlap, "run", "task", "index", "epoch", "try", "at"}]     in the order of the file
    disturbed [wall times at which a process was killed or stopped]
    runs      [{"dag", "run", "type", "state", "logical_date", "tasks": [{"task", "index", "state",
                "tries": [{"try", "state"}]}]}]                                                   what Baton says at the end

`unknown` is an answer that never came: it may have been done or not, never twice.
"""

import json
import sys
from collections import defaultdict

RECORDED_S = 3.0  # an end that nothing disturbed for so long must have been recorded
LOSSES_MAX = 3    # of one task instance under a scheduler that lived
FINAL = {"success", "failed", "upstream_failed", "skipped", "removed"}


def judge(history):
    """[(kind, text)]: what is wrong. Kinds: lost, invented, doubled, refused, order, overlap, epoch, result, tries, pool, stuck, stop, tick."""
    checker = _Checker(history)
    for check in (checker.answers, checker.dates, checker.attempts, checker.order, checker.results, checker.tries,
                  checker.pools, checker.ends, checker.stops, checker.ticks):
        check()
    return checker.found


class _Checker:
    def __init__(self, history):
        self.h = history
        self.found = []
        self.runs = {(run["dag"], run["run"]): run for run in history["runs"]}
        self.lines = defaultdict(list)  # (run, task, index) -> lines, in order
        for line in history["witness"]:
            self.lines[line["run"], line["task"], line["index"]].append(line)
        self.changed = {c["run"] for c in history["clients"] if c["op"] in ("clear", "mark") and c["outcome"] != "refused"}

    def say(self, kind, text):
        self.found.append((kind, text))

    # INV-01, INV-02, S1, S22
    def answers(self):
        made = defaultdict(set)  # key -> runs
        asked = set()
        for c in self.h["clients"]:
            if c["op"] != "trigger":
                continue
            name = (c["dag"], c["run_made"] or c["run"])
            if c["outcome"] == "ok":
                made[c["key"]].add(name)
                if name not in self.runs:
                    self.say("lost", f"the run {name} was accepted and is not there")
            if c["outcome"] != "refused":
                asked.add(name)
        for key, names in made.items():
            if key and len(names) > 1:
                self.say("doubled", f"the key {key} has made {sorted(names)}")
        for name, run in self.runs.items():
            if run["type"] != "manual" or name in asked:
                continue
            refused = any(c["op"] == "trigger" and c["outcome"] == "refused" and (c["dag"], c["run"]) == name
                          for c in self.h["clients"])
            self.say("refused" if refused else "invented",
                     f"the run {name} is there, and " + ("was refused" if refused else "nobody asked for it"))

    # INV-03
    def dates(self):
        seen = {}
        for run in self.h["runs"]:
            if run["logical_date"] is None:
                continue
            other = seen.setdefault((run["dag"], run["logical_date"]), run["run"])
            if other != run["run"]:
                self.say("doubled", f"{run['dag']}: two runs of {run['logical_date']}: {other} and {run['run']}")

    # INV-04, INV-06
    def attempts(self):
        for name, lines in self.lines.items():
            last = 0
            for line in lines:
                if line["what"] == "overlap":
                    self.say("overlap", f"{name}: epoch {line['epoch']} began while an earlier tree still lived")
                if line["what"] != "start":
                    continue
                if line["epoch"] <= last:
                    self.say("epoch", f"{name}: epoch {line['epoch']} began after epoch {last}")
                last = max(last, line["epoch"])

    # INV-07
    def order(self):
        ended = set()  # (run, task): all that has ended well so far
        for line in self.h["witness"]:
            run = line["run"]
            if line["what"] == "ok":
                ended.add((run, line["task"]))
            if line["what"] == "start" and run not in self.changed:
                needs = self.h["dags"].get(self.dag_of(run), {}).get("needs", {}).get(line["task"], [])
                for upstream in needs:
                    if (run, upstream) not in ended:
                        self.say("order", f"{run}: {line['task']} began before {upstream} had ended")

    def dag_of(self, run):
        return next((dag for dag, name in self.runs if name == run), None)

    # INV-04, INV-10
    def results(self):
        for run in self.h["runs"]:
            for task in run["tasks"]:
                lines = self.lines.get((run["run"], task["task"], task["index"]), [])
                said_ok = {line["try"] for line in lines if line["what"] == "ok"}
                well = [t["try"] for t in task["tries"] if t["state"] == "success"]
                name = f"{run['run']}/{task['task']}[{task['index']}]"
                if run["run"] in self.changed:
                    continue
                if len(well) > 1:
                    self.say("result", f"{name} has {len(well)} successful tries")
                for number in well:
                    if number not in said_ok:
                        self.say("result", f"{name}: try {number} is called a success, and its task never said so")
                self._again(name, lines)
                surely = [line for line in lines if line["what"] == "ok" and self._surely_recorded(line["at"], None)]
                if surely and task["state"] not in ("success",):
                    self.say("result", f"{name} ended well in try {surely[0]['try']}, and is called {task['state']}")

    def _again(self, name, lines):
        ended = None
        for line in lines:
            if line["what"] == "ok":
                ended = line
            if line["what"] == "start" and ended is not None and self._surely_recorded(ended["at"], line["at"]):
                self.say("doubled", f"{name}: began again (epoch {line['epoch']}) long after it had ended well")
                ended = None

    def _surely_recorded(self, ended_at, next_at):
        last = max([line["at"] for line in self.h["witness"]], default=ended_at)
        until = next_at if next_at is not None else last
        first = min((at for at in self.h["disturbed"] if at >= ended_at - 1.0), default=until)
        return min(first, until) - ended_at > RECORDED_S

    # INV-09
    def tries(self):
        for run in self.h["runs"]:
            if run["run"] in self.changed:
                continue
            retries = self.h["dags"][run["dag"]]["retries"]
            for task in run["tasks"]:
                bad = [line for line in self.lines.get((run["run"], task["task"], task["index"]), []) if line["what"] == "bad"]
                if len(bad) > retries + 1:
                    self.say("tries", f"{run['run']}/{task['task']}: failed {len(bad)} times, {retries + 1} are allowed")

    # INV-08
    def pools(self):
        """By the tasks' own words: from `start` to its end, or, of one that was cut off, to its next `start`."""
        spans = defaultdict(list)  # pool -> [(at, change, name)]
        for (run, task, index), lines in self.lines.items():
            pool = self.h["dags"].get(self.dag_of(run), {}).get("pool", {}).get(task)
            if pool is None:
                continue
            begun = None
            for line in lines:
                if line["what"] == "start":
                    begun = line["at"]
                elif line["what"] in ("ok", "bad") and begun is not None:
                    spans[pool] += [(begun, 1), (line["at"], -1)]
                    begun = None
        for pool, changes in spans.items():
            held = 0
            for at, change in sorted(changes):  # an end at the same instant comes first
                held += change
                if held > self.h["pools"][pool]:
                    self.say("pool", f"{held} tasks were in pool {pool} of {self.h['pools'][pool]} at {at:.3f}")
                    break

    # INV-14
    def ends(self):
        for run in self.h["runs"]:
            if run["state"] not in ("success", "failed"):
                self.say("stuck", f"{run['run']} is {run['state']}")
            for task in run["tasks"]:
                if run["state"] in ("success", "failed") and task["state"] not in FINAL:
                    self.say("stuck", f"{run['run']}/{task['task']} is {task['state']} in a run that is {run['state']}")

    # S25: what was stopped starts nothing any more
    def stops(self):
        again = {c["run"] for c in self.h["clients"] if c["op"] in ("clear", "mark")}
        for c in self.h["clients"]:
            if c["op"] != "stop" or c["outcome"] != "ok" or c["run"] in again:
                continue
            late = [line for (run, _, _), lines in self.lines.items() for line in lines
                    if run == c["run"] and line["what"] == "start" and line["at"] > c["done_at"] + 2.0]
            if late:
                self.say("stop", f"{c['run']}: {late[0]['task']} began {late[0]['at'] - c['done_at']:.1f} s after its stop")

    # ticks = runs: of a schedule that catches up with everything there is no gap between its first and its last run
    def ticks(self):
        for dag, what in self.h["dags"].items():
            if not what["every_s"]:
                continue
            dates = sorted(run["logical_date"] for run in self.h["runs"] if run["dag"] == dag and run["type"] == "scheduled")
            for before, after in zip(dates, dates[1:]):
                if abs((after - before) - what["every_s"]) > 0.001:
                    self.say("tick", f"{dag}: {after - before:.3f} s between two runs of a schedule of {what['every_s']} s")
                    break


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        problems = judge(json.load(file))
    for kind, text in problems:
        print(f"{kind}: {text}")
    sys.exit(1 if problems else 0)
