"""The check of the history checker: defects planted in a good history, each of which it must name."""

import copy
import unittest

from checker import judge


def run(name, dag="d", type_="manual", state="success", date=None, tasks=()):
    return {"dag": dag, "run": name, "type": type_, "state": state, "logical_date": date, "tasks": list(tasks)}


def task(name, state="success", tries=(("success",))):
    return {"task": name, "index": -1, "state": state,
            "tries": [{"try": n + 1, "state": one} for n, one in enumerate(tries)]}


def line(what, task_id, epoch, at, run_id="r", number=None):
    return {"what": what, "run": run_id, "task": task_id, "index": -1, "epoch": epoch, "try": number or epoch, "at": at}


def ask(op, run_id, outcome="ok", at=0.0, key=None, dag="d", made=None):
    return {"id": f"{op}-{run_id}-{at}", "at": at, "done_at": at + 0.1, "dag": dag, "op": op, "run": run_id, "key": key,
            "outcome": outcome, "run_made": made}


def good():
    """Two tasks in a row, one of which fails once; a schedule of a second; a pool of one."""
    return {
        "pools": {"door": 1},
        "dags": {"d": {"needs": {"b": ["a"]}, "retries": 1, "pool": {"a": "door", "b": "door"}, "every_s": None},
                 "s": {"needs": {}, "retries": 0, "pool": {}, "every_s": 1.0}},
        "clients": [ask("trigger", "r", key="k"), ask("trigger", "r", key="k", at=1.0), ask("trigger", "no", "refused"),
                    ask("trigger", "maybe", "unknown")],
        "witness": [line("start", "a", 1, 1.0), line("bad", "a", 1, 2.0), line("start", "a", 2, 3.0), line("ok", "a", 2, 4.0),
                    line("start", "b", 1, 4.1), line("ok", "b", 1, 5.0), line("start", "z", 1, 30.0, "other")],
        "disturbed": [],
        "runs": [run("r", tasks=[task("a", tries=("failed", "success")), task("b")])] +
                [run(f"s{n}", "s", "scheduled", date=float(n)) for n in range(3)],
    }


class Planted(unittest.TestCase):
    def kinds(self, change):
        history = copy.deepcopy(good())
        change(history)
        return {kind for kind, _ in judge(history)}

    def test_a_good_history_has_no_fault(self):
        self.assertEqual([], judge(good()))

    def test_each_defect_is_named(self):
        def say(history, *lines):
            history["witness"][:0] = lines

        def insert(history, at, one):
            history["witness"].insert(at, one)

        defects = {
            "an accepted run is gone": ("lost", lambda h: h["runs"].pop(0)),
            "a run that nobody asked for": ("invented", lambda h: h["runs"].append(run("ghost"))),
            "a refused one that was made": ("refused", lambda h: h["runs"].append(run("no"))),
            "a key that has made two": ("doubled", lambda h: (h["runs"].append(run("r2")), h["clients"].append(
                ask("trigger", "r2", key="k")))),
            "a tick that was fired twice": ("doubled", lambda h: h["runs"].append(run("s9", "s", "scheduled", date=1.0))),
            "a tick that was left out": ("tick", lambda h: h["runs"].pop(2)),
            "two live trees": ("overlap", lambda h: insert(h, 1, line("overlap", "a", 1, 1.1))),
            "an epoch that was given twice": ("epoch", lambda h: insert(h, 4, line("start", "a", 2, 4.05))),
            "an effect before its cause": ("order", lambda h: say(h, line("start", "b", 1, 0.5))),
            "a stale report was accepted": ("result", lambda h: h["runs"][0]["tasks"][0]["tries"].__setitem__(
                0, {"try": 1, "state": "success"})),
            "a success that was forgotten": ("result", lambda h: h["runs"][0]["tasks"].__setitem__(
                1, task("b", "failed", ("failed",)))),
            "what had ended well ran again": ("doubled", lambda h: insert(h, 6, line("start", "b", 2, 20.0))),
            "more tries than allowed": ("tries", lambda h: [insert(h, 2, line("bad", "a", 1, 2.1)) for _ in range(2)]),
            "a slot too many": ("pool", lambda h: h["witness"][4].update(at=3.5)),
            "a run without an end": ("stuck", lambda h: h["runs"][0].update(state="running")),
            "a task without an end": ("stuck", lambda h: h["runs"][0]["tasks"][1].update(state="scheduled")),
            "what was stopped went on": ("stop", lambda h: h["clients"].append(ask("stop", "r", at=1.0))),
        }
        for name, (kind, plant) in defects.items():
            with self.subTest(name):
                self.assertIn(kind, self.kinds(plant))

    def test_what_may_be_is_not_called_a_fault(self):
        def may(change):
            self.assertEqual(set(), self.kinds(change))
        may(lambda h: h["runs"].append(run("maybe")))  # the answer never came: it may have been done
        may(lambda h: (h["disturbed"].append(5.1), h["witness"].insert(6, line("start", "b", 2, 20.0)),
                       h["witness"].insert(7, line("ok", "b", 2, 21.0)),
                       h["runs"][0]["tasks"].__setitem__(1, task("b", tries=("failed", "success")))))
        may(lambda h: (h["clients"].append(ask("clear", "r", at=6.0)), h["witness"].insert(6, line("start", "b", 2, 20.0)),
                       h["witness"].insert(7, line("ok", "b", 2, 21.0))))


if __name__ == "__main__":
    unittest.main()
