"""Process chaos on the real binaries (T4). CHAOS_EVENTS: volume; CHAOS_SEED: first seed; CHAOS_JOBS: scenarios at a time;
CHAOS_KEEP: keep the folders of what failed. One seed again: CHAOS_SEED=n CHAOS_EVENTS=1 CHAOS_JOBS=1."""

import os
import signal
import threading
import time
import unittest
from collections import Counter

import dags
import procs
from scenario import Scenario


class Chaos(unittest.TestCase):
    def test_nothing_is_doubled_lost_or_orphaned(self):
        wanted = int(os.environ.get("CHAOS_EVENTS", "200"))
        seeds = iter(range(int(os.environ.get("CHAOS_SEED", "1")), 10**9))
        done, events, problems, lock = [], Counter(), [], threading.Lock()

        def work():
            while True:
                with lock:
                    if sum(events.values()) >= wanted:
                        return
                    seed = next(seeds)
                played = Scenario(seed).play()
                with lock:
                    done.append(played)
                    events.update(played.counts)
                    problems.extend(played.problems)

        begin = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(int(os.environ.get("CHAOS_JOBS", "3")))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kinds = Counter(kind for kind, _ in problems)
        others = sum(kinds.values()) - kinds["doubled"] - kinds["lost"] - kinds["orphan"]
        print(f"\nchaos: {sum(events.values())} events, {kinds['doubled']} doubled, {kinds['lost']} lost, {kinds['orphan']} orphans, "
              f"{others} other findings; {len(done)} runs, {sum(p.cut_off for p in done)} ends cut off before they were recorded, "
              f"slowest sweep {max(p.slowest_sweep_s for p in done):.1f} s, {time.monotonic() - begin:.0f} s")
        print("       " + ", ".join(f"{name} {count}" for name, count in sorted(events.items())))
        self.assertEqual([], [f"{kind}: {text}" for kind, text in problems])


class Found(unittest.TestCase):
    """What chaos has found once, each by itself."""

    def clean(self, scenario):
        self.assertEqual([], scenario.problems, scenario.problems)

    def began(self, scenario, lines):
        procs.wait_until(lambda: scenario.witness.count() >= lines, 30, f"{lines} lines of the witness")

    def test_a_resume_within_the_grace_of_the_killed_runs_tasks_waits_for_them(self):
        scenario = Scenario(90001, "stubborn", grace="4s")
        scenario.downstream = dags.write("stubborn", scenario.folder, scenario.dag, pause=0.9, grace="4s")
        scenario.start()
        self.began(scenario, 2)
        scenario.kill_process_only()
        scenario.resume()
        scenario.finish()
        scenario.clean_up()
        self.clean(scenario)

    def test_a_frozen_worker_of_a_killed_run_does_not_hold_up_the_resume(self):
        scenario = Scenario(90002, "chain")
        scenario.start()
        self.began(scenario, 1)
        worker = procs.worker_of(scenario.process.pid)
        procs.send(worker, signal.SIGSTOP)
        scenario.kill_process_only()
        scenario.resume()
        scenario.finish()
        scenario.clean_up()
        self.clean(scenario)

    def test_what_a_killed_worker_leaves_is_swept_while_it_still_forks(self):
        for seed in range(90010, 90018):
            self.clean(Scenario(seed, "forker").play(["kill_worker"]))

    def test_a_kill_while_the_database_is_made_leaves_nothing_to_show(self):
        scenario = Scenario(90003, "chain")
        os.mkdir(scenario.state, 0o700)
        with open(os.path.join(scenario.state, "baton.db"), "wb") as file:
            file.write((b"SQLite format 3\0" + bytes.fromhex("1000020200402020 0000000100000001")).ljust(0x5C, b"\0") +
                       bytes.fromhex("00000001002e6301 0d00000000100000").ljust(4096 - 0x5C, b"\0"))
        with open(os.path.join(scenario.state, "baton.db-journal"), "wb") as file:
            file.write(bytes.fromhex("d9d505f920a163d7 000000000365b451 0000000000000200 0000100000000000").ljust(512, b"\0"))
        self.assertEqual(3, scenario.command("show", "@latest").returncode)
        scenario.start()
        scenario.finish()
        scenario.clean_up()
        self.clean(scenario)


if __name__ == "__main__":
    unittest.main()
