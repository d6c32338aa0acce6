"""Tasks of the kind sql, on SQLite and on a real PostgreSQL: values are bound, statements are one transaction, and what
may succeed later says so."""
import glob
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import unittest

from support import CliTest

SECRET = "pg-canary-0815"
EVIL = "x'; drop table t; --"


class SqlTasks(CliTest):
    connection = "{sqlite: data/w.db}"

    def setUp(self):
        super().setUp()
        (self.folder / "data").mkdir()
        self.write("baton.yaml", f"connections: {{w: {self.connection}}}\n")

    def run_sql(self, sql, rest="", code=0, params=(), **extra):
        """One task `t` with `connection: w`, and its log."""
        self.write("d.yaml", f"dag: d\nparams: {{v: {{default: x}}}}\ntasks:\n  t: {{sql: {{connection: w, {sql}}}{rest}}}\n")
        self.baton("run", "d.yaml", *params, code=code, **extra)
        return self.baton("logs", "@latest", "t").stdout

    def outputs_of(self, sql, names, params=(), **extra):
        """The outputs of one task as JSON, told by a task after it."""
        declared = ", ".join(f"{name}: any" for name in names)
        shown = ", ".join(f"'{name}': tasks.t.outputs.{name}" for name in names)
        self.write("o.yaml", f"""dag: o
params: {{v: {{default: x}}}}
tasks:
  t: {{sql: {{connection: w, {sql}}}, outputs: {{{declared}}}}}
  show: {{needs: t, exec: [echo, "${{{{ toJson({{{shown}}}) }}}}"]}}
""")
        self.baton("run", "o.yaml", *params, **extra)
        return json.loads(self.baton("logs", "@latest", "show").stdout)


class Sqlite(SqlTasks):
    def query(self, sql):
        with sqlite3.connect(self.folder / "data/w.db") as db:
            return db.execute(sql).fetchall()

    def test_values_are_bound(self):
        self.run_sql('query: "create table t (a, b)"')
        for params in ('["${{ params.v }}", 1]', '{a: "${{ params.v }}", b: 1}'):
            places = "?, ?" if params[0] == "[" else ":a, :b"
            self.run_sql(f'query: "insert into t values ({places})", params: {params}', params=("-p", "v=" + EVIL))
        self.assertEqual(self.query("select a, b from t"), [(EVIL, 1), (EVIL, 1)])

    def test_outputs_keep_their_types(self):
        out = self.outputs_of("query: \"select 1 as a, 2.5 as b, 'x' as c, null as d, x'ff' as e, 7 as a\"",
                              ("rows", "row_count", "value", "changes"))
        self.assertEqual(out["rows"], [{"a": 1, "b": 2.5, "c": "x", "d": None, "e": "\\xff", "a_2": 7}])
        self.assertEqual((out["row_count"], out["value"], out["changes"]), (1, 1, 0))
        out = self.outputs_of('query: "create table n (a); insert into n values (1), (2); update n set a = 3"', ("changes",))
        self.assertEqual(out["changes"], 4)
        out = self.outputs_of('query: "select ? as n, ? as t, ? as l", params: ["${{ 1 + 1 }}", "1", [1, {a: b}]]', ("rows",))
        self.assertEqual(out["rows"], [{"n": 2, "t": "1", "l": '[1,{"a":"b"}]'}])

    def test_statements_are_one_transaction(self):
        log = self.run_sql('query: "create table t (a unique); insert into t values (1); insert into t values (1)"', code=1)
        self.assertIn("UNIQUE constraint failed", log)
        self.assertEqual(self.query("select name from sqlite_master"), [])
        self.run_sql('query: "vacuum"')
        log = self.run_sql('query: "create table t (a); commit; insert into t values (1)"', code=1)
        self.assertIn("end their transaction themselves", log)

    def test_a_file_holds_statements(self):
        self.write("sql/make.sql", "-- a comment; with a semicolon\ncreate table t (a);\ninsert into t values (';');\n-- end\n")
        self.run_sql('file: "sql/make.sql"')
        self.assertEqual(self.query("select a from t"), [(";",)])
        self.assertIn("No such file", self.run_sql('file: "no.sql"', code=1))

    def test_params_fit_the_query(self):
        for sql, what in (('query: "select ?"', "hold no value for ?1"), ('query: "select :a", params: {b: 1}', "no value for :a"),
                          ('query: "select ?", params: [1, 2]', "hold 2 values, the query takes 1"),
                          ('query: "select ?; select 1", params: [1]', "is one statement")):
            self.assertIn(what, self.run_sql(sql, code=1))

    def test_a_database_that_is_busy_is_asked_again(self):
        self.run_sql('query: "create table t (a)"')
        with sqlite3.connect(self.folder / "data/w.db", isolation_level=None) as db:
            db.execute("begin immediate")
            log = self.run_sql('query: "insert into t values (1)"', ", retries: {max: 1, delay: 1ms, on: [exit:75]}", code=1)
            self.assertIn("database is locked", log)
            self.assertEqual(self.json("show", "@latest")["task_instances"][0]["try_number"], 2)

    def test_too_many_rows_are_said(self):
        many = 'query: "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select i from n"'
        self.assertIn("at most 10000", self.run_sql(many, ", outputs: {rows: list}", code=1))
        self.run_sql(many, ", outputs: {row_count: int}")

    def test_a_stop_ends_the_statement(self):
        endless = 'query: "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"'
        self.run_sql(endless, ", timeout: 1s, grace: 20s", code=1)
        self.assertEqual(self.json("show", "@latest")["task_instances"][0]["state_reason"], "timeout")

    def test_a_connection_that_is_not_declared_is_no_connection(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t: {sql: {connection: ww, query: select 1}}\n")
        found = self.baton("validate", "d.yaml", code=2).stdout
        self.assertIn('there is no connection "ww"', found)
        self.assertIn("unknown-connection", found)
        for bad, what in (("{}", "one of"), ("{sqlite: a, postgresql: b}", "one of"), ("{sqlite: a, password: {secret: b}}", "no passwords"),
                          ("{postgresql: 'host=x password=y'}", "does not stand in a file"), ("{sqlite: ''}", "leads nowhere"),
                          ("{postgresql: a, password: b}", "password")):
            self.write("baton.yaml", f"connections: {{w: {bad}}}\n")
            done = self.baton("run", "d.yaml", code=2)
            self.assertIn(what, done.stdout + done.stderr)


def postgres_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(found[-1]).parent if found else None


@unittest.skipIf(postgres_programs() is None, "NO POSTGRESQL HERE: apt-get install postgresql")
class Postgresql(SqlTasks):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="baton-pg-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if cls.user:
            os.chown(cls.place, 65534, 65534)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.port = free.getsockname()[1]
        (cls.place / "pw").write_text(SECRET)
        os.chmod(cls.place / "pw", 0o644)
        cls.call("initdb", "-D", cls.place / "data", "-U", "etl", "-A", "scram-sha-256", "--pwfile", cls.place / "pw",
                 "-E", "UTF8", "--no-locale", "-N")
        cls.call("pg_ctl", "-D", cls.place / "data", "-w", "-l", cls.place / "log", "-o",
                 f"-p {cls.port} -h 127.0.0.1 -k {cls.place} -F", "start")
        cls.addClassCleanup(cls.call, "pg_ctl", "-D", cls.place / "data", "-m", "immediate", "stop")

    @classmethod
    def call(cls, program, *words):
        done = subprocess.run([postgres_programs() / program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                              cwd="/", **cls.user) if program != "pg_ctl" else \
            subprocess.run([postgres_programs() / program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, cwd="/", **cls.user)
        assert done.returncode == 0, f"{program}: {done.stdout}"

    @property
    def connection(self):
        return f"{{postgresql: 'host=127.0.0.1 port={self.port} dbname=postgres user=etl', password: {{secret: pw}}}}"

    def run_sql(self, *words, **extra):
        return super().run_sql(*words, BATON_SECRET_PW=SECRET, **extra)

    def outputs_of(self, *words, **extra):
        return super().outputs_of(*words, BATON_SECRET_PW=SECRET, **extra)

    def test_values_are_bound(self):
        self.run_sql('query: "drop table if exists t; create table t (a text, b int)"')
        self.run_sql('query: "insert into t values ($1, $2)", params: ["${{ params.v }}", 1]', params=("-p", "v=" + EVIL))
        self.run_sql('query: "insert into t values (:a, :b::int) -- :c", params: {a: "${{ params.v }}", b: 2}',
                     params=("-p", "v=" + EVIL))
        out = self.outputs_of('query: "select a, b from t order by b"', ("rows",))
        self.assertEqual(out["rows"], [{"a": EVIL, "b": 1}, {"a": EVIL, "b": 2}])

    def test_outputs_keep_their_types(self):
        out = self.outputs_of("query: \"select 1 as i, 1.10::numeric as n, 2.5::float8 as f, true as b, null as z, 'x' as t, "
                              "'{\\\"a\\\": [1]}'::jsonb as j, 'NaN'::float8 as nan, date '2026-01-01' as d\"",
                              ("rows", "row_count", "value"))
        self.assertEqual(out["rows"], [{"i": 1, "n": 1.1, "f": 2.5, "b": True, "z": None, "t": "x", "j": {"a": [1]},
                                        "nan": "NaN", "d": "2026-01-01"}])
        self.assertEqual((out["row_count"], out["value"]), (1, 1))
        out = self.outputs_of('query: "drop table if exists n; create table n (a int); insert into n values (1), (2); '
                              'update n set a = 3"', ("changes",))
        self.assertEqual(out["changes"], 4)

    def test_statements_are_one_transaction(self):
        log = self.run_sql('query: "create table u (a int unique); insert into u values (1); insert into u values (1)"', code=1)
        self.assertIn("duplicate key", log)
        self.assertIn("[23505]", log)
        out = self.outputs_of("query: \"select count(*) from pg_tables where tablename = 'u'\"", ("value",))
        self.assertEqual(out["value"], 0)
        self.run_sql('query: "vacuum"')

    def test_what_others_did_meanwhile_is_tried_again(self):
        state = "do $$ begin raise exception sqlstate '40001'; end $$"
        self.run_sql(f'query: "{state}"', ", retries: {max: 1, delay: 1ms, on: [exit:75]}", code=1)
        self.assertEqual(self.json("show", "@latest")["task_instances"][0]["try_number"], 2)
        self.run_sql('query: "select 1 / 0"', ", retries: {max: 1, delay: 1ms, on: [exit:75]}", code=1)
        self.assertEqual(self.json("show", "@latest")["task_instances"][0]["try_number"], 1)

    def test_a_wrong_password_is_no_matter_of_time(self):
        log = super().run_sql('query: "select 1"', ", retries: {max: 1, delay: 1ms, on: [exit:75]}", code=1,
                              BATON_SECRET_PW="wrong-" + SECRET)
        self.assertIn("password authentication failed", log)
        self.assertEqual(self.json("show", "@latest")["task_instances"][0]["try_number"], 1)
        done = super().run_sql('query: "select 1"', code=1, BATON_SECRET_PW="wrong-" + SECRET)
        self.assertNotIn(SECRET, done)

    def test_the_password_shows_nowhere(self):
        self.run_sql('query: "select 1"')
        for path, content in self.stored():
            self.assertNotIn(SECRET.encode(), content, str(path))

    def test_a_missing_password_is_told_before_the_first_task(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t: {sql: {connection: w, query: select 1}}\n")
        self.assertIn('secret "pw"', self.baton("run", "d.yaml", code=2).stderr)

    def test_a_stop_ends_the_statement_on_the_server_too(self):
        self.run_sql('query: "select pg_sleep(600)"', ", timeout: 2s, grace: 20s", code=1)
        self.assertEqual(self.json("show", "@latest")["task_instances"][0]["state_reason"], "timeout")
        out = self.outputs_of("query: \"select count(*) from pg_stat_activity where query like 'select pg_sleep%'\"", ("value",))
        self.assertEqual(out["value"], 0)

    def test_nobody_there_may_be_there_later(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        self.write("baton.yaml", f"connections: {{w: {{postgresql: 'postgresql://etl@127.0.0.1:{port}/x'}}}}\n")
        self.run_sql('query: "select 1"', ", retries: {max: 1, delay: 1ms, on: [exit:75]}", code=1)
        self.assertEqual(self.json("show", "@latest")["task_instances"][0]["try_number"], 2)


del SqlTasks  # a base, no suite

if __name__ == "__main__":
    unittest.main()
