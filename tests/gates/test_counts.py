"""The engine may not get slower without a clock being asked: counts of a release build against limits.txt."""

import os
import shutil
import tempfile
import unittest

import counting

TRUE = "exec: [/bin/true]"
TAKES = 3


def limits():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits.txt")) as file:
        lines = (line.split() for line in file if line.strip() and not line.startswith("#"))
        return {words[0]: float(words[1]) for words in lines}


def instructions(folder):
    def noops(n):
        return counting.fan(n, "noop: true")

    found = {f"core_{shape}_instructions": counting.core_instructions(folder, shape) for shape in ("chain", "fan")}
    found["noop_instructions"] = counting.instructions_a_task(folder, counting.BATON_RUN, 500, 2000, noops)
    found["fan_instructions"] = counting.instructions_a_task(folder, counting.BATON_RUN, 100, 600, lambda n: counting.fan(n, TRUE))
    found["read_instructions"] = counting.instructions_a_task(folder, [counting.BATON, "validate", "d.yaml"], 500, 2000, noops)
    return found


def calls_and_bytes(folder, name, shape, n, allowed):
    """How many tasks meet in one commit depends on the machine: what is above its limit is taken again, the least counts."""
    found = {}
    for _ in range(TAKES):
        for what, value in counting.calls_a_task(folder, shape, n, TRUE).items():
            found[f"{name}_{what}"] = min(value, found.get(f"{name}_{what}", value))
        if all(value <= allowed[figure] for figure, value in found.items()):
            break
    return found


class Counts(unittest.TestCase):
    def test_are_within_their_limits(self):
        folder = tempfile.mkdtemp(prefix="baton-gates-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        allowed = limits()
        found = (instructions(folder) | calls_and_bytes(folder, "fan", counting.fan, 2000, allowed)
                 | calls_and_bytes(folder, "chain", counting.chain, 300, allowed))
        print()
        for name, value in found.items():
            print(f"{name:28} {value:12,.2f}   limit {allowed.get(name, 0):12,.2f}")
        self.assertEqual(found.keys(), allowed.keys())
        too_much = [f"{name}: {value:,.2f} > {allowed[name]:,.2f}" for name, value in found.items() if value > allowed[name]]
        self.assertEqual([], too_much)
        nothing = [name for name, value in found.items() if value <= 0]
        self.assertEqual([], nothing, "a count of nothing is no count")


if __name__ == "__main__":
    unittest.main()
