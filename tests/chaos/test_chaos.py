"""Process chaos on the real binaries (T4). CHAOS_EVENTS: volume; CHAOS_SEED: first seed; CHAOS_JOBS: scenarios at a time;
CHAOS_KEEP: keep the folders of what failed. One seed again: CHAOS_SEED=n CHAOS_EVENTS=1 CHAOS_JOBS=1."""

import os
import threading
import time
import unittest
from collections import Counter

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


if __name__ == "__main__":
    unittest.main()
