"""Run by a Python that has apache-airflow-ctl: its commands for what Baton has, one after another in one process,
against a server with the DAG `three` and its finished run `r`. Exits with 1 where one fails, or does not print what it
should."""
import contextlib
import io
import sys

from airflowctl.__main__ import main

url, token = sys.argv[1:3]
RANGE = "--dag-id three --from-date 2016-01-01T00:00:00Z --to-date 2025-12-31T00:00:00Z --max-active-runs 1"
# Without what it cannot do with any server: docs/rest-api.md names that.
COMMANDS = [  # words, what the output has in it
    ("version --remote", "baton"), ("jobs list", "SchedulerJob"),
    ("dags list", "three"), ("dags get three", "A DAG for clients."), ("dags get-details three", "three"),
    ("dags get-stats three", ""), ("dags list-version three", "three"),
    ("dags get-version three 1", "three"), ("dags list-import-errors", ""), ("dags list-warning", ""),
    ("dags next-execution three", "next_dagrun"), ("dags update three --no-is-paused", "three"),
    ("dags pause three", "three"), ("dags unpause three", "three"), ("dags trigger three", "three"),
    ("dagrun get three r", "failed"), ("dagrun list --dag-id three --limit 5", "three"),
    ("xcom list three r second", "answer"), ("xcom get three r second answer", "42"),
    (f"backfill create {RANGE}", "2016-01-01"), ("backfill list three", "2016-01-01"), ("backfill get 1", "2016-01-01"),
    ("pools create --name lake --slots 3", "lake"), ("pools get lake", "3"),
    ("pools update --pool lake --slots 4", "4"), ("pools list", "lake"),
    ("pools export pools.json", "Exported"), ("pools delete lake", "lake"),
    ("variables create --key k --value v", "k"), ("variables get k", "v"), ("variables update --key k --value w", "w"),
    ("variables list", "k"), ("variables delete k", "k"),
    ("plugins list", ""), ("providers list", ""), ("connections list", ""),
    ("assets list", ""), ("assets list-by-alias", ""),
]


def use(words):
    """(exit code, output) of one command."""
    sys.argv = ["airflowctl", *words]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:  # what it cannot bear is what we are after
            return 1, printed.getvalue() + repr(error)
    return code, printed.getvalue()


code, text = use(["auth", "login", "--api-url", url, "--api-token", token, "--skip-keyring"])
wrong = [f"auth login: {text[-600:]}"] if code else []
for command, expected in COMMANDS:
    code, text = use(command.split())
    if code or expected not in text:
        wrong.append(f"{command}: exit {code}\n{text[-1200:]}")
print(f"{len(COMMANDS)} commands, {len(wrong)} wrong")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
