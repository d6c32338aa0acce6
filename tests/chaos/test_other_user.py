"""Programs that lie where another user may not enter, as in a clone below /root, are brought to where that user may go."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from scenario import BATON, REPO

sys.path.insert(0, os.path.join(REPO, "tests", "support"))
import other_user  # noqa: E402

UID = 54323


class OtherUser(unittest.TestCase):
    @unittest.skipIf(os.geteuid() != 0, "needs root, which becomes another user")
    def test_35_a_clone_that_is_closed_to_it_is_no_hindrance(self):
        closed = tempfile.mkdtemp(prefix="chaos-closed-")
        self.addCleanup(shutil.rmtree, closed)
        os.chmod(closed, 0o700)
        for name in ("baton", "baton-worker"):
            shutil.copy2(os.path.join(os.path.dirname(BATON), name), closed)
        baton = os.path.join(closed, "baton")
        with self.assertRaises(PermissionError):
            self.as_other(baton, "version", cwd="/")
        given = os.environ.pop("BATON_WORKER", None)
        if given is not None:
            self.addCleanup(os.environ.__setitem__, "BATON_WORKER", given)
        place, copy = other_user.place_for(UID, baton)
        if place is None and not self.other_starts_programs_of("/tmp"):
            self.skipTest(f"no folder here lets user {UID} start a program: {copy}")
        self.assertIsNotNone(place, copy)
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        with open(os.path.join(place, "d.dag.yaml"), "w", encoding="utf-8") as dag:
            dag.write("dag: d\ntasks:\n  t: {run: id -u > seen}\n")
        done = self.as_other(copy, "run", "d.dag.yaml", "-q", cwd=place)
        self.assertEqual(0, done.returncode, done.stderr)
        with open(os.path.join(place, "seen"), encoding="utf-8") as seen:
            self.assertEqual(str(UID), seen.read().strip())

    def other_starts_programs_of(self, parent):
        folder = tempfile.mkdtemp(prefix="chaos-open-", dir=parent)
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        program = shutil.copy2(shutil.which("true"), folder)
        try:
            return self.as_other(program, cwd="/").returncode == 0
        except PermissionError:
            return False

    @staticmethod
    def as_other(*words, cwd):
        return subprocess.run(words, cwd=cwd, env={"PATH": os.defpath, "HOME": "/"}, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60, preexec_fn=lambda: other_user.become(UID), check=False)


if __name__ == "__main__":
    unittest.main()
