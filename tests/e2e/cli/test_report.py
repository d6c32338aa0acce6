"""What a task leaves in $BATON_REPORT_DIR: kept with its log, listed and served, never trusted."""
import json
import os
import pathlib
import unittest
import urllib.error
import urllib.request

from serving import ServingTest

LEAVES = r"""
dag: leaves
tasks:
  train:
    retries: {max: 1, delay: 0s}
    run: |
      cd "$BATON_REPORT_DIR"
      printf '# Try %s\n' "$BATON_TRY_NUMBER" > summary.md
      printf 'a,b\n1,2\n' > rows.csv
      printf '<script>parent.xss = 1</script><p>hello</p>' > page.html
      printf 'png' > loss.png
      printf 'raw' > model.bin
      ln -s /etc/passwd link.txt
      mkdir deeper; echo no > deeper/x.txt
      echo no > 'a b.txt'
      echo no > .hidden.txt
      [ "$BATON_TRY_NUMBER" = 2 ]
  silent: {run: "test -d \"$BATON_REPORT_DIR\""}
  each: {for_each: {items: [1, 2], as: n}, run: "echo ${{ n }} > \"$BATON_REPORT_DIR/n.txt\""}
"""
MUCH = r"""
dag: much
tasks:
  many: {run: "for i in $(seq 100 199); do echo $i > \"$BATON_REPORT_DIR/$i.txt\"; done; echo last > \"$BATON_REPORT_DIR/summary.md\""}
  big: {run: "truncate -s 70M \"$BATON_REPORT_DIR/big.bin\"; echo small > \"$BATON_REPORT_DIR/small.txt\""}
  told:
    env: {KEY: {secret: key}}
    run: "echo \"the key is $KEY\" > \"$BATON_REPORT_DIR/leak.txt\"; echo fine > \"$BATON_REPORT_DIR/fine.txt\""
"""
NAMES = ["summary.md", "loss.png", "rows.csv", "page.html", "model.bin"]


class Report(ServingTest):
    def get(self, path):
        """Status, headers, bytes."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer " + self.token})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def reports(self, task=()):
        return self.json("show", "@latest", *task, "--report")["reports"]

    def left(self):
        logs = self.folder / ".baton" / "logs"
        return sorted(str(path.relative_to(logs)) for path in self.standing(".baton/logs") if path.suffix == ".report")

    def test_a_task_leaves_files_beside_its_log_by_try_and_an_empty_folder_goes(self):
        self.write("dags/leaves.yaml", LEAVES)
        self.baton("run", "dags/leaves.yaml")
        reports = self.reports()
        self.assertEqual([("train", -1, 1), ("train", -1, 2), ("each", 0, 1), ("each", 1, 1)],
                         [(one["task_id"], one["map_index"], one["try_number"]) for one in reports])
        self.assertEqual(NAMES, [file["name"] for file in reports[1]["files"]])
        self.assertEqual("# Try 1\n", pathlib.Path(reports[0]["files"][0]["path"]).read_text())
        self.assertEqual("# Try 2\n", pathlib.Path(reports[1]["files"][0]["path"]).read_text())
        for path in (self.folder / ".baton" / "workers").glob("*/reports/*"):  # kept for later attempts
            self.assertEqual([], list(path.iterdir()))
        self.assertEqual(4, len(self.left()), self.left())
        self.assertEqual([1, 1], [len(self.reports((task,))) for task in ("each[0]", "each[1]")])
        self.assertIn("summary.md", self.baton("show", "@latest", "train", "--report").stdout)
        self.assertIn("no task has left a report", self.baton("show", "@latest", "silent", "--report").stderr)
        rows = self.json("show", "@latest", "silent")["task_instances"]
        self.assertEqual(["silent"], [row["task_id"] for row in rows])
        tries = self.json("show", "@latest", "train")["task_instances"][0]["tries"]
        self.assertIn("did not stay", json.dumps(tries))

    def test_no_more_than_the_limits_is_kept_and_no_secret(self):
        self.write("dags/much.yaml", MUCH)
        self.write("secrets.env", "key=open-sesame-open\n").chmod(0o600)
        self.baton("run", "dags/much.yaml", "--secrets", "secrets.env")
        many, big, told = ([file["name"] for file in one["files"]] for one in self.reports())
        self.assertEqual((64, "summary.md"), (len(many), many[0]))
        self.assertEqual(["small.txt"], big)
        self.assertEqual(["fine.txt"], told)
        for path, content in self.stored():
            self.assertNotIn(b"open-sesame-open", content, path)
        said = self.baton("show", "@latest", "-o", "json").stdout
        self.assertIn("37 files of $BATON_REPORT_DIR went", said)
        self.assertIn("held a secret", said)

    def test_a_server_lists_and_serves_them_as_what_they_are_and_nothing_else(self):
        self.save("leaves.yaml", LEAVES)
        self.serve()
        self.until_dag("leaves")
        run = self.json("trigger", "leaves", "--run-id", "one", "--wait")
        self.assertEqual("success", run["state"])
        task = "/api/v2/dags/leaves/dagRuns/one/taskInstances/"
        status, listed = self.ask("GET", task + "train/reports/2")
        self.assertEqual((200, NAMES), (status, [file["name"] for file in listed["files"]]))
        self.assertEqual(["markdown", "image", "table", "html", "other"], [file["kind"] for file in listed["files"]])
        status, headers, body = self.get(task + "train/reports/2/page.html")
        self.assertEqual((200, b"<script>parent.xss = 1</script><p>hello</p>"), (status, body))
        self.assertEqual('attachment; filename="page.html"', headers["Content-Disposition"])
        self.assertTrue(headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'"))
        self.assertEqual(("nosniff", "text/html; charset=utf-8"),
                         (headers["X-Content-Type-Options"], headers["Content-Type"]))
        self.assertEqual("inline", self.get(task + "train/reports/2/page.html?inline=true")[1]["Content-Disposition"])
        self.assertEqual("image/png", self.get(task + "train/reports/2/loss.png")[1]["Content-Type"])
        first = self.get(task + "train/reports/1/summary.md")[2]
        self.assertEqual(b"# Try 1\n", first)
        self.assertEqual(b"2\n", self.get(task + "each/1/reports/1/n.txt")[2])
        self.assertEqual([], self.ask("GET", task + "silent/reports/1")[1]["files"])
        for bad in ("link.txt", "deeper", "deeper%2Fx.txt", ".hidden.txt", "a%20b.txt", "%2e%2e%2f1.1.log",
                    "..%2F..%2F..%2Fadmin.token", "none.txt", "summary.md%00", "rows.csv%2F..%2Fsummary.md"):
            self.assertIn(self.get(task + "train/reports/2/" + bad)[0], (400, 404), bad)
        self.assertEqual(404, self.get(task + "train/reports/9")[0])
        self.assertEqual(404, self.get(task + "none/reports/1")[0])
        # What takes a file's place afterwards is not followed either.
        folder = next(path for path in self.standing(".baton/logs") if path.suffix == ".report")
        name = next(folder.iterdir()).name
        (folder / name).unlink()
        os.symlink(self.folder / ".baton" / "admin.token", folder / name)
        for number in (1, 2):
            self.assertNotIn(self.token.encode(), self.get(f"{task}train/reports/{number}/{name}")[2])

    def open_folders(self):
        return list((self.folder / ".baton" / "workers").glob("*/reports/*"))

    def test_many_runs_share_few_folders_and_what_is_not_kept_goes_with_its_run(self):
        self.save("small.yaml", "dag: small\nmax_active_runs: 30\ntasks: {a: {run: 'true'}, b: {needs: a, run: 'true'}}\n")
        self.save("only.yaml", "dag: only\ntasks:\n"
                               "  deeper: {run: 'mkdir \"$BATON_REPORT_DIR/deeper\"; echo x > \"$BATON_REPORT_DIR/deeper/x\"'}\n"
                               "  crowd: {run: 'cd \"$BATON_REPORT_DIR\"; seq 4200 | xargs touch'}\n")
        self.serve("--slots", "2")
        self.until_dag("small")
        self.until_dag("only")
        for n in range(30):
            self.ask("POST", "/api/v2/dags/small/dagRuns", {"logical_date": None, "dag_run_id": f"r{n}"})
        self.until(lambda: [run["state"] for run in self.runs("small")] == ["success"] * 30, "thirty runs")
        self.assertLessEqual(len(self.open_folders()), 4, "one for each attempt that lived at a time, not for each run")
        self.until(lambda: list((self.folder / ".baton" / "work").iterdir()) == [], "work folders of runs that ended well go")
        self.json("trigger", "only", "--run-id", "one", "--wait")
        for folder in self.open_folders():
            self.assertEqual([], list(folder.iterdir()), "nobody would ever look there again")
        self.assertEqual([], self.left())
        self.ask("DELETE", "/api/v2/dags/only/dagRuns/one")
        self.until(lambda: not any(path.name == "deeper" for path in self.standing(".baton/logs")),
                   "what was not kept to go")

    def test_it_goes_with_its_run(self):
        self.save("leaves.yaml", LEAVES)
        self.serve()
        self.until_dag("leaves")
        self.json("trigger", "leaves", "--run-id", "one", "--wait")
        self.assertNotEqual([], self.left())
        self.ask("DELETE", "/api/v2/dags/leaves/dagRuns/one")
        self.until(lambda: self.left() == [], "the report to go")


if __name__ == "__main__":
    unittest.main()
