"""The check of the checkers: defects planted on purpose, and the harness must say so. A check that cannot fail is none."""

import os
import stat
import subprocess
import unittest

from scenario import BATON, Scenario
from witness import Line, Witness


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("#!/bin/bash\n" + text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


def kinds(scenario):
    return {kind for kind, _ in scenario.problems}


class Planted(unittest.TestCase):
    def test_without_a_defect_nothing_is_found(self):
        played = Scenario(1, "chain").play(["kill_run", "kill_task"])
        self.assertEqual([], played.problems)

    def test_a_daemon_that_the_worker_forgets_is_an_orphan(self):
        scenario = Scenario(2, "chain")
        # A daemon with the run's mark, out of the reach of worker and scheduler: not their descendant.
        keeper = subprocess.Popen(["bash", "-c", "sleep 60"], env={"BATON_RUN_ID": scenario.run_id, "PATH": os.environ["PATH"]},
                                  start_new_session=True)
        try:
            scenario.play([])
        finally:
            keeper.kill()
            keeper.wait()
        self.assertIn("orphan", kinds(scenario))

    def test_a_worker_that_starts_nothing_is_stuck_or_wrong(self):
        scenario = Scenario(3, "chain")
        scenario.env["BATON_WORKER"] = script(scenario.folder, "worker", "exit 3\n")
        scenario.play([])
        self.assertTrue(kinds(scenario) & {"stuck", "wrong", "lost"}, scenario.problems)

    def test_a_task_that_is_started_twice_is_doubled(self):
        scenario = Scenario(4, "sleepers")
        with open(os.path.join(scenario.folder, "lib.sh"), "a") as lib:
            lib.write('ok() { say ok; if [ "$BATON_TASK_ID" = s2 ]; then begin; say ok; fi; exit 0; }\n')
        scenario.play([])
        self.assertIn("doubled", kinds(scenario))

    def test_two_trees_of_one_instance_at_a_time_are_doubled(self):
        scenario = Scenario(5, "sleepers")
        with open(os.path.join(scenario.folder, "lib.sh"), "a") as lib:
            lib.write('if [ "$BATON_TASK_ID" = s1 ]; then ( begin; sleep 0.2 ) & sleep 0.1; fi\n')
        scenario.play([])
        self.assertTrue(any("still lived" in text for _, text in scenario.problems), scenario.problems)

    def test_successes_that_run_again_are_doubled(self):
        """A resume that clears successes first, as one with a wrong recovery would."""
        scenario = Scenario(6, "chain")
        scenario.baton = script(scenario.folder, "baton-that-forgets", f'''
case "$1" in
  resume) shift; run=$1; shift
    "{BATON}" retry "$run" --from a "$@";;
  *) exec "{BATON}" "$@";;
esac
''')
        scenario.wait_for_a_moment = lambda: None
        scenario.start()
        from procs import wait_until
        wait_until(lambda: scenario.witness.count() >= 5, 30, "two tasks have ended")
        scenario.kill_run()
        scenario.resume()
        scenario.finish()
        scenario.clean_up()
        self.assertIn("doubled", kinds(scenario))

    def test_a_resume_that_does_nothing_loses_the_run(self):
        scenario = Scenario(7, "chain")
        scenario.baton = script(scenario.folder, "baton-that-gives-up", f'''
case "$1" in resume) exit 0;; *) exec "{BATON}" "$@";; esac
''')
        scenario.play(["kill_run"])
        self.assertTrue(kinds(scenario) & {"lost", "wrong"}, scenario.problems)

    def test_a_success_without_its_task_is_noticed(self):
        scenario = Scenario(8, "chain")
        with open(os.path.join(scenario.folder, "lib.sh"), "a") as lib:
            lib.write('ok() { if [ "$BATON_TASK_ID" != c ]; then say ok; fi; exit 0; }\n')
        scenario.play([])
        self.assertIn("wrong", kinds(scenario))

    def test_a_database_with_flipped_bytes_is_noticed(self):
        scenario = Scenario(9, "chain")
        honest = scenario.expect_quiet

        def corrupt():
            honest()
            subprocess.run(["sqlite3", os.path.join(scenario.state, "baton.db"), "PRAGMA wal_checkpoint(TRUNCATE)"],
                           stdout=subprocess.DEVNULL, check=True)
            with open(os.path.join(scenario.state, "baton.db"), "r+b") as file:
                content = file.read()
                at = content.rfind(scenario.run_id.encode())
                file.seek(at)
                file.write(b"XXXX")

        scenario.expect_quiet = corrupt
        scenario.play([])
        self.assertTrue(kinds(scenario) & {"database", "wrong"}, scenario.problems)


class OfTheWitness(unittest.TestCase):
    """What counts as twice: only an end that must have been recorded."""

    def findings(self, lines, disturbed=()):
        witness = Witness.__new__(Witness)
        witness.lines = lambda: lines
        return witness.findings(list(disturbed), {"a": ["b"]})

    def test_an_end_cut_off_by_a_kill_may_run_again(self):
        lines = [Line("start", "a/-1", 1, 1, 10, 0.0), Line("ok", "a/-1", 1, 1, 10, 1.0), Line("start", "a/-1", 2, 2, 11, 1.5)]
        self.assertEqual(([], 1), self.findings(lines, [1.01]))

    def test_an_old_end_may_not(self):
        lines = [Line("start", "a/-1", 1, 1, 10, 0.0), Line("ok", "a/-1", 1, 1, 10, 1.0), Line("start", "a/-1", 2, 2, 11, 9.0)]
        self.assertEqual(1, len(self.findings(lines, [8.0])[0]))

    def test_an_end_that_was_followed_may_not(self):
        lines = [Line("start", "a/-1", 1, 1, 10, 0.0), Line("ok", "a/-1", 1, 1, 10, 1.0),
                 Line("start", "b/-1", 1, 1, 12, 1.1), Line("start", "a/-1", 2, 2, 11, 1.2)]
        self.assertEqual(1, len(self.findings(lines, [1.05])[0]))

    def test_an_epoch_that_does_not_rise_is_doubled(self):
        lines = [Line("start", "a/-1", 2, 1, 10, 0.0), Line("start", "a/-1", 2, 2, 11, 0.5)]
        self.assertEqual(1, len(self.findings(lines)[0]))


if __name__ == "__main__":
    unittest.main()
