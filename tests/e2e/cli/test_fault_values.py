"""Faults that people met, as they show at a terminal: values and params, files, secrets, logs, words."""
import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import unittest

from faults import FaultTest
from support import BATON, WAIT_SECONDS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import other_user  # noqa: E402


class Values(FaultTest):
    def test_06_outputs_that_were_accepted_can_be_read_back(self):
        bodies = {"numbers that are longer when written again": "','.join(['1e20'] * 200000)",
                  "negative ones": "','.join(['-1E+19'] * 140000)",
                  "text that is escaped": r"'\"' + '\\u0001' * 150000 + '\"'",
                  "a character that need not be escaped": r"'\"' + '\x7f' * 900000 + '\"'",
                  "text beyond ASCII": "'\"' + '\\u20ac' * 100000 + '\"'"}
        for what, body in bodies.items():
            with self.subTest(what):
                self.forget("mended")
                self.write("make.py", f"import os\nopen(os.environ['BATON_OUTPUT'], 'w').write('{{\"xs\":[' + {body} + ']}}')\n")
                self.run_dag("""
dag: large
tasks:
  a: {run: python3 make.py, outputs: {xs: list}}
  b: {needs: a, run: test -e mended}
""", code=1)
                a = self.instance("a")
                self.touch("mended")
                if a["state"] == "success":
                    self.baton("retry", "@latest", "-q")
                    self.assertEqual({"a": "success", "b": "success"}, self.states())
                else:
                    self.assertEqual("outputs", a["state_reason"])
                    self.baton("retry", "@latest", "-q", code=1)

    def test_07_items_keep_their_type_on_recovery(self):
        forms = {"[timestamp('2026-01-01T00:00:00Z')]": ('x.format("%Y")', "2026"),
                 "[duration('90m')]": ("x.getMinutes()", "90"),
                 "[{'at': timestamp('2026-01-01T00:00:00Z')}]": ('x.at.format("%m")', "01"),
                 "[[timestamp('2026-01-01T00:00:00Z'), timestamp('2027-01-01T00:00:00Z')]]": ("(x[1] - x[0]).getHours()", "8760"),
                 "[1.0]": ("x / 4.0", "0.25"),
                 "[4]": ("x / 3", "1"),
                 "['2026-01-01T00:00:00Z']": ("x.size()", "20"),
                 "[9007199254740993]": ("x - 9007199254740992", "1")}
        for items, (use, wanted) in forms.items():
            with self.subTest(items):
                self.forget("mended", "seen")
                self.run_dag(f"""
dag: typed
tasks:
  t:
    for_each: {{items: "${{{{ {items} }}}}", as: x}}
    env: {{USED: '${{{{ {use} }}}}'}}
    run: |
      test -e mended
      echo "$USED" > seen
""", code=1)
                self.touch("mended")
                self.baton("retry", "@latest", "-q")
                self.assertEqual([wanted], self.lines("seen"))

    def test_07_so_do_outputs_and_what_the_cache_gives(self):
        dag = """
dag: typed_outputs
tasks:
  a:
    cache: {key: k}
    run: |
      echo '{"at": "2026-01-01T00:00:00Z", "for": "90s", "n": 2.0, "any": 3.0}' > "$BATON_OUTPUT"
    outputs: {at: timestamp, for: duration, n: number, any: any}
  b:
    needs: a
    env:
      YEAR: ${{ tasks.a.outputs.at.format("%Y") }}
      SECONDS_: ${{ tasks.a.outputs.for.getSeconds() }}
      HALF: ${{ tasks.a.outputs.n / 4.0 }}
      ANY: ${{ tasks.a.outputs.any / 4.0 }}
    run: |
      test -e mended
      echo "$YEAR $SECONDS_ $HALF $ANY" > seen
"""
        self.run_dag(dag, code=1)
        self.touch("mended")
        self.baton("retry", "@latest", "-q")
        self.assertEqual(["2026", "90", "0.5", "0.75"], self.lines("seen"))
        self.forget("seen")
        self.run_dag(dag)
        self.assertEqual("cached", self.instance("a")["state_reason"])
        self.assertEqual(["2026", "90", "0.5", "0.75"], self.lines("seen"))

    def test_19_a_double_that_underflows_is_zero(self):
        self.assertEqual(0.0, self.expression("1e-324 / 2.0"))
        self.assertEqual(0.0, self.expression("1e-400"))
        self.assertEqual(0.0, self.expression("0.0 + fromJson('1e-400')"))
        self.assertEqual(0.0, self.expression("x + 0.0", "--let", "x=1e-500"))
        self.assertEqual(5e-324, self.expression("5e-324"))
        self.assertEqual(0.0, self.expression("double('1e-400')"))
        self.baton("expr", "1e400", code=2)

    def test_23_integers_are_exact_or_refused(self):
        dag = "dag: n\nparams: {n: {type: integer}}\ntasks:\n  t: {run: 'echo ${{ params.n }} > seen'}\n"
        for given, exact in {"1e18": "1000000000000000000", "9007199254740993": "9007199254740993", "1.0": "1",
                             "-9223372036854775808": "-9223372036854775808",
                             "9223372036854775807": "9223372036854775807"}.items():
            with self.subTest(given):
                self.forget("seen")
                if self.run_dag(dag, "-p", f"n={given}", code=(0, 2)).returncode == 0:
                    self.assertEqual([exact], self.lines("seen"))
        for given in ("-9223372036854775809", "9223372036854775808", "123456789012345678901234567890", "1e19", "1.5", "1e400"):
            with self.subTest(given):
                self.run_dag(dag, "-p", f"n={given}", code=2)
                done = self.write("v.yaml", dag.replace("{type: integer}", f"{{type: integer, default: {given}}}"))
                self.baton("validate", done.name, code=2)

    def test_23_so_are_those_of_json_and_let(self):
        for text in ("9007199254740993", "-9223372036854775808"):
            self.assertEqual(int(text), self.expression("x", "--let", f"x={text}"))
            self.assertEqual(int(text), self.expression(f"fromJson('{text}')"))
        for text in ("123456789012345678901234567890", "-9223372036854775809"):
            with self.subTest(text):
                self.baton("expr", f"fromJson('{text}')", code=2)
                self.baton("expr", "x", "--let", f"x={text}", code=2)
                self.baton("expr", text, code=2)

    def test_33_a_cache_hit_needs_the_same_rendered_task(self):
        def run(region, keys="", text='echo "$R" >> ran'):
            self.forget("ran")
            self.run_dag(f"""
dag: cached
params: {{region: {{type: string}}}}
tasks:
  t:
    cache: {{key: k{keys}}}
    env: {{R: "${{{{ params.region }}}}"}}
    run: |
      {text}
      printf '{{"r": "%s"}}' "$R" > "$BATON_OUTPUT"
    outputs: {{r: string}}
""", "-p", f"region={region}")
            return self.lines("ran"), self.instance("t")["outputs"]["r"]

        self.assertEqual((["eu"], "eu"), run("eu"))
        self.assertEqual(([], "eu"), run("eu"))
        self.assertEqual((["us"], "us"), run("us"))
        self.assertEqual((["us"], "us"), run("us", text='echo "$R" >> ran # other'))
        self.assertEqual((["eu"], "eu"), run("eu", keys=", key_only: true"))
        self.assertEqual(([], "eu"), run("us", keys=", key_only: true"))

    def test_33_stdin_and_arguments_count_too(self):
        for part in ('exec: [sh, -c, "echo ${{ params.p }} >> ran"]',
                     '{exec: [sh, -c, "cat >> ran"], stdin: "${{ params.p }}"}'[1:-1]):
            with self.subTest(part):
                self.forget("ran")
                keys = "\n    ".join(part.split("], ")).replace('"cat >> ran"\n', '"cat >> ran"]\n')
                text = f"dag: cached\nparams: {{p: {{type: string}}}}\ntasks:\n  t:\n    cache: {{key: k}}\n    {keys}\n"
                self.run_dag(text, "-p", "p=one")
                self.run_dag(text, "-p", "p=two")
                self.assertEqual("onetwo", "".join(self.lines("ran")))


class Files(FaultTest):
    def test_25_one_id_in_two_files_is_told_at_both(self):
        self.write("dags/a.yaml", "dag: r\ntasks:\n  t: {run: touch a}\n")
        self.write("dags/b.yaml", "dag: r\ntasks:\n  t: {run: touch b}\n")
        self.write("dags/c.yaml", "dag: other\ntasks:\n  t: {run: touch c}\n")
        done = self.baton("validate", "dags", code=2)
        self.assertIn("a.yaml:1:", done.stdout + done.stderr)
        self.assertIn("b.yaml:1:", done.stdout + done.stderr)
        done = self.baton("run", "r", code=2)
        self.assertIn("a.yaml", done.stdout + done.stderr)
        self.assertIn("b.yaml", done.stdout + done.stderr)
        self.assertFalse((self.folder / "a").exists() or (self.folder / "b").exists())
        self.baton("run", "other", "-q")
        self.baton("run", "dags/a.yaml", "-q")

    def test_26_what_validate_accepts_runs(self):
        for value in ("2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00+02:00", "2020-01-01 00:00:00Z", "2020-1-1",
                      "2020-01-01T00:00Z", "yesterday", "2020-02-30", "${{ '2020-01-01' }}",
                      "${{ timestamp('2020-01-01T00:00:00Z') }}"):
            with self.subTest(value):
                self.write("d.yaml", f"dag: d\ntasks:\n  t: {{sensor: {{time: \"{value}\"}}}}\n")
                valid = self.baton("validate", "d.yaml", code=(0, 2)).returncode
                self.baton("run", "d.yaml", "-q", code=valid)
        self.assertEqual(0, self.run_dag('dag: d\ntasks:\n  t: {sensor: {time: "2020-01-01"}}\n').returncode)

    def test_29_a_dangling_link_is_no_file(self):
        os.symlink("nowhere", self.folder / "link")
        os.symlink("loop", self.folder / "loop")
        for name in ("link", "l*nk", "loop"):
            with self.subTest(name):
                self.run_dag(f"dag: d\ntasks:\n  t: {{sensor: {{file: \"{name}\", every: 100ms}}, timeout: 1s}}\n", code=1)
                self.assertEqual("timeout", self.instance("t")["state_reason"])
        self.touch("real")
        os.symlink("real", self.folder / "good")
        self.run_dag("dag: d\ntasks:\n  t: {sensor: {file: good, every: 100ms}, timeout: 5s}\n")

    def test_29_nor_does_it_fail_a_hash(self):
        self.write("data/a.csv", "1\n")
        os.symlink("nowhere", self.folder / "data" / "b.csv")
        self.run_dag("dag: d\ntasks:\n  t: {cache: {key: \"${{ hashFiles('data/*.csv') }}\"}, run: echo x >> ran}\n")
        self.assertEqual(["x"], self.lines("ran"))

    def test_30_what_a_later_task_lacks_is_known_before_the_first(self):
        lacks = {"a secret of a task": ("env: {A: {secret: nobody-has-it}}, run: echo b", ""),
                 "a secret of a hook": ("run: echo b", "on_finish: {env: {A: {secret: nobody-has-it}}, run: echo hook}\n"),
                 "a secret of all": ("run: echo b", "secrets: {A: nobody-has-it}\n")}
        for what, (b, more) in lacks.items():
            with self.subTest(what):
                done = self.run_dag(f"dag: d\n{more}tasks:\n  a: {{run: touch began}}\n  b: {{needs: a, {b}}}\n", code=2)
                self.assertIn("nobody-has-it", done.stderr)
                self.assertFalse((self.folder / "began").exists())

    def test_30_so_are_params_that_no_process_can_be_given(self):
        text = "x" * 140_000
        done = self.run_dag(f"dag: d\nparams: {{p: {{type: string, default: {text}}}}}\n"
                            "tasks:\n  a: {run: touch began}\n  b: {needs: a, run: echo b}\n", code=2)
        self.assertIn("param", done.stderr)
        self.assertFalse((self.folder / "began").exists())

    def test_31_a_folder_that_is_closed_says_so(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, which becomes another user")
        self.write("d.yaml", "dag: d\ntasks:\n  t: {run: echo x}\n")
        self.baton("run", "d.yaml", "-q")
        place, binary = other_user.place_for(54322, shutil.which(BATON) or BATON)
        if place is None:
            self.skipTest(f"no folder here lets another user start a program: {binary}")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        shutil.copytree(self.folder / ".baton", os.path.join(place, ".baton"))
        os.chmod(os.path.join(place, ".baton"), 0o700)
        for words in (["ls"], ["show", "@latest"], ["ls", "--state", os.path.join(place, ".baton")]):
            with self.subTest(words):
                done = subprocess.run([binary, *words], cwd=place, preexec_fn=lambda: other_user.become(54322), text=True,
                                      env={"PATH": os.defpath, "HOME": place}, capture_output=True, timeout=WAIT_SECONDS)
                self.assertEqual(4, done.returncode, done.stdout + done.stderr)
                self.assertRegex(done.stderr, "(?i)permission|not allowed|may not|belongs to")


class Secrets(FaultTest):
    VALUE = "p'ss w0rd/é\"xyz-0123456789"

    def secret_of(self, text, code=0):
        """The value that a task gets of the secret `a` in a secrets file, or None where the file is refused."""
        self.forget("value")
        path = self.folder / "secrets"
        path.write_bytes(text)
        path.chmod(0o600)
        done = self.run_dag("dag: d\ntasks:\n  t: {env: {A: {secret: a}}, run: 'printf %s \"$A\" | od -An -c > value'}\n",
                            "--secrets", "secrets", code=(0, 2))
        if done.returncode == 2:
            self.assertRegex(done.stderr, r"secrets:\d+|line \d+", "the error has its line")
            return None
        return "".join((self.folder / "value").read_text().split())

    def test_16_the_worker_shows_no_secret_to_its_tasks(self):
        self.run_dag("dag: d\ntasks:\n  t: {run: \"tr '\\\\0' '\\\\n' < /proc/$PPID/environ > environ\"}\n",
                     BATON_SECRET_TOKEN="hunter2-hunter2", OTHER_THING="of-the-caller")
        text = (self.folder / "environ").read_text()
        self.assertNotIn("hunter2", text)
        self.assertNotIn("BATON_SECRET", text)

    def test_16_a_secret_in_the_outputs_is_refused_and_stands_nowhere(self):
        forms = {"as it is": """printf '{"v": "%s"}' "$A" """, "within a list": """printf '{"v": ["a", "%s"]}' "$A" """,
                 "as a key": """printf '{"v": {"%s": 1}}' "$A" """, "within a text": """printf '{"v": "see %s!"}' "$A" """,
                 "undeclared": """printf '{"v": 1, "w": "%s"}' "$A" """}
        for what, text in forms.items():
            with self.subTest(what):
                shutil.rmtree(self.folder / ".baton", ignore_errors=True)
                self.write("d.yaml", "dag: d\ntasks:\n  t:\n    env: {A: {secret: token}}\n    outputs: {v: any}\n    run: |\n"
                           f"      {text} > \"$BATON_OUTPUT\"\n")
                self.baton("run", "d.yaml", "-q", code=1, BATON_SECRET_TOKEN="hunter2-hunter2")
                self.assertEqual("outputs", self.instance("t")["state_reason"])
                self.assertEqual([], [str(path) for path, content in self.stored() if b"hunter2" in content])

    def test_28_the_secrets_file_reads_as_people_mean_it(self):
        for text in (b"a=one\r\n", b"export a=one\n", b'a="one"\n', b"a='one'\n", b"# said\n\na=one\n", b"a=one"):
            with self.subTest(text):
                self.assertIn(self.secret_of(text), ("one", None))
        self.assertEqual("one", self.secret_of(b"export a=one\n"))
        self.assertEqual("one", self.secret_of(b'a="one"\n'))
        self.assertIsNone(self.secret_of(b"a=one\na=two\n"))
        self.assertIsNone(self.secret_of(b"a=one\nb=1\nexport a=one\n"))
        self.assertIsNone(self.secret_of(b"a\n"))
        self.assertIsNone(self.secret_of(b'a="one\n'))

    def test_32_masks_hold_however_a_shell_or_a_library_writes_it(self):
        forms = {"xtrace": 'set -x; : "$A"; true "x$A"',
                 "urllib": "python3 -c 'import os, urllib.parse as u; print(u.quote(os.environ[\"A\"], safe=\"/\"), "
                           "u.quote_plus(os.environ[\"A\"]))'",
                 "json": "python3 -c 'import json, os; print(json.dumps(os.environ[\"A\"]), "
                         "json.dumps(os.environ[\"A\"]).replace(\"/\", chr(92) + \"/\"))'",
                 "json in UTF-8": "python3 -c 'import json, os; print(json.dumps(os.environ[\"A\"], ensure_ascii=False))'",
                 "printf %q": "printf '%q\\n' \"$A\"",
                 "base64": 'printf %s "$A" | base64 -w0; printf "x%s" "$A" | base64 -w0'}
        for what, text in forms.items():
            with self.subTest(what):
                shutil.rmtree(self.folder / ".baton", ignore_errors=True)
                self.write("d.yaml", "dag: d\ntasks:\n  t:\n    env: {A: {secret: token}}\n    run: |\n      "
                           + text + "\n")
                self.baton("run", "d.yaml", "-q", BATON_SECRET_TOKEN=self.VALUE)
                for path, content in self.stored():
                    for part in (b"w0rd", b"xyz-01234", b"MTIzNDU2"):
                        self.assertNotIn(part, content, f"{path} holds a part of the secret")

    def test_32_notes_that_quote_outputs_are_masked(self):
        for text in ('echo "$A" > "$BATON_OUTPUT"', 'printf \'{"n": "%s"}\' "$A" > "$BATON_OUTPUT"',
                     'printf \'{"n": 1, "%s": 1}\' "$A" > "$BATON_OUTPUT"'):
            with self.subTest(text):
                shutil.rmtree(self.folder / ".baton", ignore_errors=True)
                self.write("d.yaml", f"dag: d\ntasks:\n  t:\n    env: {{A: {{secret: token}}}}\n    outputs: {{n: int}}\n"
                           f"    run: |\n      {text}\n")
                done = self.baton("run", "d.yaml", code=(0, 1), BATON_SECRET_TOKEN="hunter2-hunter2")
                shown = self.baton("show", "@latest", "-o", "json").stdout + self.baton("show", "@latest").stdout
                self.assertNotIn("hunter2", done.stdout + done.stderr + shown)


class Logs(FaultTest):
    def written(self, body):
        """Runs a task that writes these bytes to its log."""
        (self.folder / "bytes").write_bytes(body)
        self.run_dag("dag: d\ntasks:\n  t: {run: cat bytes}\n")

    def logs(self, *words):
        return subprocess.run([BATON, "logs", "@latest", *words], cwd=self.folder, env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_SECONDS)

    def on_terminal(self, *words):
        """What the command writes to a terminal."""
        try:
            master, slave = pty.openpty()
        except OSError as error:
            self.skipTest(f"no terminal can be made here, is /dev/pts mounted? {error}")
        process = subprocess.Popen([BATON, *words], cwd=self.folder, env=self.environment(), stdin=slave, stdout=slave,
                                   stderr=slave)
        os.close(slave)
        out = b""
        while select.select([master], [], [], WAIT_SECONDS)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
        os.close(master)
        process.wait(WAIT_SECONDS)
        return out

    def test_24_logs_are_byte_for_byte(self):
        for what, body in {"zeros": b"a\0b\n\0\0\0\nend\n", "a long line": ("é" * 1_500_000 + "\n").encode(),
                           "no UTF-8": b"\xff\xfe\x80 a\n", "no end": b"half a line", "empty lines": b"\n\n\nx\n\n",
                           "many zeros": b"a" + b"\0" * 200_000 + b"b\n"}.items():
            with self.subTest(what):
                self.written(body)
                plain, raw = self.logs("t"), self.logs("t", "--raw")
                self.assertEqual(0, raw.returncode, raw.stderr)
                self.assertTrue(raw.stdout == body, f"--raw: {len(raw.stdout)} bytes of {len(body)}, {raw.stdout[:60]!r}")
                self.assertNotIn(b"cut out", plain.stdout + plain.stderr)
                if what == "a long line":
                    self.assertTrue(plain.stdout.rstrip(b"\n") == body.rstrip(b"\n"), "a break inside")

    def test_34_tasks_do_not_steer_the_terminal_through_logs(self):
        self.written(b"\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x1b[2J\x1b[1A \x9b2J over\rwritten \x08\x08 \x1bc \x1b[?1049h\x0e\n")
        shown = self.on_terminal("logs", "@latest", "t")
        self.assertIn(b"\x1b[31m", shown)
        for sequence in (b"\x1b]", b"\x1b[2J", b"\x1b[1A", b"\x1bc", b"\x1b[?1049h", b"\x08", b"\x07", b"\x0e", b"over\rwritten"):
            self.assertNotIn(sequence, shown)
        self.assertNotIn(b"\x9b2J", shown.replace(b"\xc2\x9b", b""))
        self.assertIn(b"\x1b]0;owned\x07", self.on_terminal("logs", "@latest", "t", "--raw"))


class Smaller(FaultTest):
    def test_numbers_keep_their_spelling_as_text(self):
        self.run_dag("dag: d\nenv: {V: 1.10}\ntasks:\n  t: {for_each: {items: [1.10, 0x1F, 1e3]}, "
                     "run: 'echo ${{ item }} >> \"seen$BATON_MAP_INDEX\"; echo \"$V\" > env'}\n")
        self.assertEqual(["1.10"], self.lines("env"))
        self.assertEqual(["1.10", "0x1F", "1e3"], [self.lines(f"seen{n}")[0] for n in range(3)])

    def test_homes_are_hinted_at(self):
        for text in ("sensor: {file: ~/x}", "sensor: {file: $HOME/x}", "{cwd: ~/x, run: echo}"[1:-1],
                     "cache: {key: \"${{ hashFiles('~/x') }}\"}, run: echo"):
            with self.subTest(text):
                self.write("d.yaml", f"dag: d\ntasks:\n  t: {{{text}}}\n")
                done = self.baton("validate", "d.yaml", code=(0, 2))
                self.assertRegex(done.stdout + done.stderr, r"~|\$HOME|home")

    def test_has_of_an_output_of_a_skipped_task_is_false(self):
        self.run_dag("""
dag: d
tasks:
  b: {if: "false", run: echo, outputs: {v: int}}
  c: {needs: b, trigger_rule: always, if: "!has(tasks.b.outputs.v)", run: echo x > seen}
  d: {needs: b, trigger_rule: all_done, if: "has(tasks.b.outputs.v)", run: echo x > never}
""")
        self.assertEqual((["x"], []), (self.lines("seen"), self.lines("never")))

    def test_python_is_started_unbuffered_unless_told_otherwise(self):
        self.run_dag("dag: d\ntasks:\n  a: {run: 'echo \"[$PYTHONUNBUFFERED]\" > a'}\n"
                     "  b: {env: {PYTHONUNBUFFERED: ''}, run: 'echo \"[$PYTHONUNBUFFERED]\" > b'}\n")
        self.assertEqual((["[1]"], ["[]"]), (self.lines("a"), self.lines("b")))

    def test_a_param_given_twice_is_a_list_or_an_error(self):
        text = "dag: d\nparams: {xs: {type: TYPE}}\ntasks:\n  t: {run: 'echo ${{ toJson(params.xs) }} > seen'}\n"
        self.run_dag(text.replace("TYPE", "array"), "-p", "xs=1", "-p", "xs=2")
        self.assertEqual([1, 2], [int(x) for x in json.loads("".join(self.lines("seen")))])
        self.run_dag(text.replace("TYPE", "string"), "-p", "xs=1", "-p", "xs=2", code=2)

    def test_wait_says_for_whom_it_waits(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t: {run: 'touch began; until [ -e go ]; do sleep 0.02; done'}\n")
        self.begin("run", "d.yaml", "-q", "--run-id", "the-first")
        self.addCleanup(self.touch, "go")
        self.until_file("began")
        second = self.begin("run", "d.yaml", "--wait")
        self.until(lambda: select.select([second.stderr], [], [], 0.1)[0], "it says something")
        self.assertRegex(second.stderr.readline(), r"the-first|\bd\b|\d{2,}")

    def test_local_times_carry_their_offset(self):
        self.run_dag("dag: d\ntasks:\n  t: {run: echo}\n")
        self.assertRegex(self.baton("show", "@latest", TZ="Asia/Kolkata").stdout, r"\+05:?30")
        self.assertRegex(self.baton("ls", TZ="Asia/Kolkata").stdout, r"\+05:?30")

    def test_exit_141_is_explained(self):
        self.run_dag("dag: d\ntasks:\n  t: {run: 'yes | head -1'}\n", code=1)
        self.assertIn("pipefail", self.baton("show", "@latest").stdout + self.baton("why", "@latest", "t").stdout)

    def test_logs_of_a_try_that_is_not_there_is_3(self):
        self.run_dag("dag: d\ntasks:\n  t: {run: echo x}\n")
        self.assertIn("9", self.baton("logs", "@latest", "t", "--try", "9", code=3).stderr)

    def test_misspelled_states_are_answered_with_what_was_meant(self):
        self.run_dag("dag: d\ntasks:\n  t: {run: echo x}\n")
        self.assertRegex(self.baton("ls", "--state", "faild", code=(2, 3)).stderr, "did you mean .?failed")

    def test_an_expression_that_looks_like_an_option_is_helped(self):
        self.assertRegex(self.baton("expr", "-1", code=2).stderr, r"(^|\s)[`\"']?(baton expr )?--\s")
        self.assertEqual(-1, json.loads(self.baton("expr", "-o", "json", "--", "-1").stdout)["value"])

    def test_null_is_the_same_for_all_lists_and_maps(self):
        codes = set()
        for key in ("needs", "env", "tags"):
            self.write("d.yaml", f"dag: d\n{key + ':' if key == 'tags' else ''}\ntasks:\n  t:\n    run: echo\n"
                       f"{'    ' + key + ':' if key != 'tags' else ''}\n")
            codes.add(self.baton("validate", "d.yaml", code=(0, 2)).returncode)
        self.assertEqual(1, len(codes))

    def test_a_file_without_a_dag_is_told(self):
        self.write("d.yaml", "name: nothing\n")
        done = self.baton("validate", "d.yaml", code=2)
        self.assertRegex(done.stdout + done.stderr, r"(?i)\b(no|0) DAG|without a DAG")

    def test_no_break_spaces_are_named(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t:\n  \u00a0 run: echo\n")
        done = self.baton("validate", "d.yaml", code=2)
        self.assertRegex(done.stdout + done.stderr, r"(?i)no-break space|U\+00A0")

    def test_expressions_in_limits(self):
        self.run_dag("""
dag: d
params: {n: {type: integer, default: 1}, t: {type: string, default: 30s}}
tasks:
  t:
    for_each: {items: [1, 2], max_parallel: "${{ params.n }}"}
    timeout: "${{ params.t }}"
    retries: {max: "${{ params.n }}", delay: 10ms}
    run: test "$BATON_TRY_NUMBER" = 2
""")
        self.assertEqual([2, 2], [i["try_number"] for i in self.instances()])

    def test_a_dag_is_read_from_stdin(self):
        self.baton("run", "-", "-q", stdin="dag: d\ntasks:\n  t: {run: echo x > seen}\n")
        self.assertEqual(["x"], self.lines("seen"))
        self.baton("run", "-", "-q", stdin="dag: d\ntasks:\n  t: {rnu: x}\n", code=2)

    def test_params_are_read_from_a_file(self):
        self.write("p.json", '{"n": 41, "xs": ["a", "b"]}')
        self.run_dag("dag: d\nparams: {n: {type: integer}, xs: {type: array}}\n"
                     "tasks:\n  t: {run: 'echo ${{ params.n }} ${{ params.xs.size() }} > seen'}\n", "--params", "p.json")
        self.assertEqual(["41", "2"], self.lines("seen"))

    def test_a_run_can_be_forgotten(self):
        for name in ("one", "two"):
            self.run_dag("dag: d\ntasks:\n  t: {run: echo x}\n", "--run-id", name)
        self.baton("db", "forget", "one")
        self.assertEqual(["two"], [run["dag_run_id"] for run in self.json("ls")["dag_runs"]])
        self.assertEqual(["2"], os.listdir(self.folder / ".baton" / "logs"))
        self.baton("db", "forget", "one", code=3)


if __name__ == "__main__":
    unittest.main()
