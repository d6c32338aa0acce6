"""Every bad definition of this folder, and those too large to be kept, against the built `baton validate`: the error it
was made for at its place, one line each, within a second of CPU time and 64 MiB. Standard library only."""

import atexit
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import large

HERE = pathlib.Path(__file__).resolve().parent
BATON = os.environ.get("BATON", str(HERE.parents[1] / "build/release/baton"))
CPU_SECONDS_MAX = 1.0
GROWTH_KIB_MAX = 64 * 1024
FINDING = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+): (?P<severity>error|warning|hint|note): .+ "
                     r"\[(?P<rule>[a-z0-9-]+)\]")
CONTINUES = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that begin no code point
GOOD = "dag: good\ntasks:\n  a: {run: echo a}\n"


class Measure:
    """The process that runs and measures, begun when it is first needed."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(HERE / "measure.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.output = tempfile.NamedTemporaryFile()
        atexit.register(self.end)

    def run(self, argv, cwd):
        """Exit code, seconds of CPU time, peak memory in KiB, output."""
        print(json.dumps([argv, str(cwd), self.output.name]), file=self.process.stdin, flush=True)
        code, cpu_seconds, peak_kib = json.loads(self.process.stdout.readline())
        return code, cpu_seconds, peak_kib, pathlib.Path(self.output.name).read_bytes()

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


MEASURE = Measure()


class Outcome:
    """One `baton validate`: what it said, and what it cost. CPU time grows too where neighbours take caches and clock,
    so what is above the bound is measured again, and the least counts."""

    def __init__(self, *words, cwd):
        self.code, self.cpu_seconds, self.peak_kib, output = MEASURE.run([BATON, "validate", *words], cwd)
        for _ in range(4):
            if self.cpu_seconds <= CPU_SECONDS_MAX:
                break
            self.cpu_seconds = min(self.cpu_seconds, MEASURE.run([BATON, "validate", *words], cwd)[1])
        self.text = output.decode("utf-8")
        self.findings = [m for line in self.text.split("\n") if (m := FINDING.fullmatch(line))]
        self.errors = [m for m in self.findings if m["severity"] == "error"]

    def has(self, place, rule):
        return any(f"{m['line']}:{m['column']}" == place and m["rule"] == rule for m in self.errors)


class CorpusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="baton-corpus-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        (cls.folder / "empty.yaml").write_text("dag: empty\ntasks: {a: {noop: true}}\n")
        cls.empty_kib = max(Outcome("empty.yaml", cwd=cls.folder).peak_kib for _ in range(3))

    def check(self, name, cwd, code=2):
        """The bounds that hold for any file, and that what is said is text for one person and one line a finding."""
        outcome = Outcome(name, cwd=cwd)
        self.assertEqual(outcome.code, code, outcome.text)
        self.assertTrue(FINDING.fullmatch(outcome.text.split("\n")[0]), outcome.text[:300])
        self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", outcome.text), [])
        self.assertLessEqual(outcome.cpu_seconds, CPU_SECONDS_MAX)
        self.assertLessEqual(outcome.peak_kib - self.empty_kib, GROWTH_KIB_MAX)
        return outcome

    def check_places(self, outcome, path):
        """Every finding stands inside of the file: a line of it, and a column of that line or the one after its end."""
        lines = path.read_bytes().split(b"\n")
        last_column = {}
        for finding in outcome.findings:
            line, column = int(finding["line"]), int(finding["column"])
            last_column[line] = max(column, last_column.get(line, 0))
            self.assertTrue(1 <= line <= len(lines) and column >= 1, finding[0])
        for line, column in last_column.items():
            self.assertLessEqual(column, len(lines[line - 1].translate(None, CONTINUES)) + 1, f"in line {line}")


class KeptFiles(CorpusTest):
    def expected(self):
        """name → place, rule"""
        rows = [line.split() for line in (HERE / "findings.txt").read_text().splitlines()]
        return {name: (place, rule) for name, place, rule in rows}

    def test_each_is_refused_for_its_reason(self):
        expected = self.expected()
        for path in sorted(HERE.glob("*/*.yaml")):
            name = str(path.relative_to(HERE))
            with self.subTest(name):
                outcome = self.check(name, HERE)
                self.check_places(outcome, path)
                self.assertIn(name, expected, f"add to findings.txt what it must say; it says\n{outcome.text}")
                self.assertTrue(outcome.has(*expected[name]), f"wanted {expected[name]}, got\n{outcome.text}")

    def test_the_list_names_no_file_that_is_gone(self):
        names = {str(path.relative_to(HERE)) for path in HERE.glob("*/*.yaml")}
        self.assertEqual(set(self.expected()) - names, set())
        self.assertGreaterEqual(len(names), 600)

    def test_good_files_beside_them_still_load(self):
        shutil.copytree(HERE, self.folder / "dags", ignore=shutil.ignore_patterns("*.py", "*.txt", "__pycache__"))
        good = ["aa.yaml", "mm.yaml", "encoding/good.yaml", "zz.yaml"]
        for i, name in enumerate(good):
            (self.folder / "dags" / name).write_text(GOOD.replace("good", f"good{i}"))
        outcome = Outcome("dags", cwd=self.folder)
        self.assertEqual(outcome.code, 2, outcome.text[-300:])
        seen = {finding["file"] for finding in outcome.errors}
        self.assertEqual(seen, {f"dags/{name}" for name in self.expected()})
        for i in range(len(good)):
            shown = subprocess.run([BATON, "graph", f"good{i}"], cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, shown.stderr)


class LargeFiles(CorpusTest):
    """Files that are made here: each is refused by this rule, within the same bounds."""

    def test_each_is_refused_within_the_bounds(self):
        for name, (rule, pieces) in large.FILES.items():
            with self.subTest(name):
                path = self.folder / f"{name}.yaml"
                with path.open("wb") as file:
                    file.writelines(pieces())
                outcome = self.check(path.name, self.folder)
                self.assertIn(rule, {m["rule"] for m in outcome.errors}, outcome.text[:500])
                if path.stat().st_size < 32 << 20:
                    self.check_places(outcome, path)
                path.unlink()


class NoOrdinaryFiles(CorpusTest):
    def refused(self, name, rule):
        outcome = self.check(name, self.folder)
        self.assertTrue(outcome.has("1:1", rule), outcome.text)

    def test_fifo(self):
        os.mkfifo(self.folder / "fifo.yaml")
        self.refused("fifo.yaml", "file-unreadable")

    def test_fifo_behind_a_link(self):
        os.mkfifo(self.folder / "pipe")
        (self.folder / "to_pipe.yaml").symlink_to("pipe")
        self.refused("to_pipe.yaml", "file-unreadable")

    def test_device(self):
        (self.folder / "zero.yaml").symlink_to("/dev/zero")
        self.refused("zero.yaml", "file-unreadable")

    def test_socket(self):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.folder / "socket.yaml"))
            self.refused("socket.yaml", "file-unreadable")

    def test_file_that_may_not_be_read(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        path = self.folder / "secret.yaml"
        path.write_text(GOOD)
        path.chmod(0)
        self.refused("secret.yaml", "file-unreadable")

    def test_sparse_file_of_a_terabyte(self):
        path = self.folder / "sparse.yaml"
        path.touch()
        os.truncate(path, 1 << 40)
        self.refused("sparse.yaml", "file-too-large")

    def test_file_that_is_no_file_at_all(self):
        """A pseudo file says that it is empty and then is not."""
        (self.folder / "proc.yaml").symlink_to("/proc/self/status")
        self.refused("proc.yaml", "file-changed")

    def test_links_that_lead_nowhere(self):
        (self.folder / "circle.yaml").symlink_to("circle.yaml")
        (self.folder / "dangling.yaml").symlink_to("nowhere")
        for name in ("circle.yaml", "dangling.yaml"):
            outcome = Outcome(name, cwd=self.folder)
            self.assertIn(outcome.code, (2, 3), outcome.text)

    def test_link_to_a_good_file_is_one(self):
        (self.folder / "target").write_text(GOOD)
        (self.folder / "link.yaml").symlink_to("target")
        self.assertEqual(Outcome("link.yaml", cwd=self.folder).code, 0)

    def test_folder_with_the_name_of_a_file(self):
        (self.folder / "folder.yaml").mkdir()
        self.assertIn(Outcome("folder.yaml", cwd=self.folder).code, (0, 2, 3))

    def test_folder_that_holds_all_of_them(self):
        place = self.folder / "all"
        place.mkdir()
        os.mkfifo(place / "fifo.yaml")
        (place / "zero.yaml").symlink_to("/dev/zero")
        (place / "circle.yaml").symlink_to("circle.yaml")
        (place / "up").symlink_to("..")
        (place / "good.yaml").write_text(GOOD)
        outcome = Outcome("all", cwd=self.folder)
        self.assertIn(outcome.code, (0, 2), outcome.text)
        self.assertIn("1 DAG", outcome.text)
        self.assertFalse([m for m in outcome.errors if m["file"].endswith("good.yaml")])

    def test_file_that_changes_while_it_is_read(self):
        """Something writes at its end without a pause: the change is seen."""
        path = self.folder / "growing.yaml"
        path.write_bytes(GOOD.encode() + b"# " + b"x" * (8 << 20) + b"\n")
        limit = ("import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
                 "resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, 16 << 20)); ")
        writer = subprocess.Popen(["python3", "-c", limit + f"file = open({str(path)!r}, 'ab', 0)\nwhile True:\n"
                                   "  try: file.write(b'#\\n')\n  except OSError: file.truncate(9 << 20)"])
        self.addCleanup(writer.wait)
        self.addCleanup(writer.kill)
        for _ in range(200):
            outcome = Outcome("growing.yaml", cwd=self.folder)
            self.assertIn(outcome.code, (0, 2), outcome.text)
            if outcome.code == 2:
                break
        self.assertTrue(outcome.has("1:1", "file-changed"), outcome.text)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
