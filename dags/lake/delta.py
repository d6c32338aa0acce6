"""The programs of lake.dag.yaml on Delta Lake, DuckDB and dbt: a Delta table for each source, models over them in dbt.

What a source delivers replaces its day in its table, in one commit that says the day and the hash of what came. The
table's own schema is the catalog: a new column is merged into it, a missing one that somebody reads is refused. Silver
and gold are models of the dbt project beside this file; its tests are the DAG's checks.
"""
import contextlib
import csv
import io
import json
import os
import pathlib
import shutil

import duckdb
import pyarrow
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

import task
from lake import sources, steps

PROJECT = pathlib.Path(__file__).with_name("dbt")


def land(group):
    """Ten sources. One that breaks its contract is refused by name; the nine others are let in all the same."""
    reasons = []
    for source in sources.SOURCES[int(group) * 10:int(group) * 10 + 10]:
        columns, rows = sources.delivery(source, os.environ["DAY"], int(os.environ["ROWS"]))
        table = table_of(source)
        reason = breach(table, columns)
        if reason:
            reasons.append(f"{source}: {reason}")
        else:
            let_in(table, columns, rows)
    if reasons:
        task.fail("refused: " + "; ".join(reasons))


def table_of(source):
    """The source's table; an empty one, with the columns that were agreed on, where it delivers for the first time."""
    path = str(task.path("bronze", source))
    try:
        return DeltaTable(path)
    except TableNotFoundError:
        schema = pyarrow.schema([("day", pyarrow.string()), *((name, kind(name)) for name in sources.COLUMNS)])
        return DeltaTable.create(path, schema, mode="ignore", partition_by=["day"])


def kind(name):
    return pyarrow.int64() if name == "cents" else pyarrow.string()


def breach(table, columns):
    """Why a delivery is refused; None where it is not."""
    for name in (field.name for field in table.schema().fields):
        readers = sorted(consumer for consumer, wanted in steps.CONSUMERS.items() if name in wanted)
        if name not in columns and readers:
            return f"{name} is missing, which is read by {', '.join(readers)}"
    return None


def let_in(table, columns, rows):
    """One commit: the day as it came, instead of what it was. The same delivery again changes nothing."""
    day, text = os.environ["DAY"], io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    sha = task.sha256(text.getvalue())
    before = deliveries(table)
    if day in before and before[day]["sha256"] == sha:
        return
    data = {"day": [day] * len(rows)} | {
        name: [int(row[n]) if name == "cents" else row[n] for row in rows] for n, name in enumerate(columns)}
    schema = pyarrow.schema([("day", pyarrow.string()), *((name, kind(name)) for name in columns)])
    # deltalake 1.2.1 panics where a predicate meets an empty table; a day that is not there needs none.
    how = {"mode": "overwrite", "predicate": f"day = '{day}'"} if day in before else {"mode": "append"}
    write_deltalake(table, pyarrow.table(data, schema=schema), schema_mode="merge", **how, commit_properties=(
        CommitProperties(custom_metadata={"day": day, "sha256": sha, "columns": json.dumps(columns)})))


def deliveries(table):
    """Day -> the newest delivery of it, from the log of the table."""
    return {commit["day"]: commit for commit in reversed(table.history()) if "sha256" in commit}


def dbt(*words):
    """dbt, in this process; what it made and said lies beside the data."""
    from dbt.cli.main import dbtRunner
    os.environ |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "LAKE": str(task.path().resolve())}
    where = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--threads", "1", "--quiet",
             "--target-path", str(task.path("dbt").resolve()), "--log-path", str(task.path("dbt/log").resolve())]
    return dbtRunner().invoke([*words, *where])


def build(model):
    done = dbt("run", "--select", model)
    if not done.success:
        said = str(done.exception or [result.message for result in done.result])
        task.fail(said, task.EXIT_TRANSIENT if "lock" in said else 1)


def silver():
    """All that was let in, under common names; columns that only one source has come along."""
    build("silver")
    with warehouse() as db:
        return {"rows": db.sql("SELECT count(*) FROM silver WHERE day = $1", params=[os.environ["DAY"]]).fetchone()[0]}


def gold():
    build("gold")


@contextlib.contextmanager
def warehouse():
    with duckdb.connect(str(task.path("warehouse.duckdb"))) as db:
        yield db


def tests():
    """dbt's tests. Baton reads their results from dbt/run_results.json and makes a check of each."""
    done = dbt("test")
    if done.exception:
        task.fail(done.exception)


def check():
    day = os.environ["DAY"]
    return {"sources": sum(day in deliveries(table_of(source)) for source in sources.SOURCES)}


def tier():
    """A week old: the small files of a source become one. A year old: gone, and only the log tells that they were."""
    day = os.environ["DAY"]
    warm, gone = task.days_before(day, steps.WARM_DAYS), task.days_before(day, steps.GONE_DAYS)
    for source in sources.SOURCES:
        table = table_of(source)
        days = {one for one in deliveries(table) if one < warm}
        if any(one < gone for one in days):
            table.delete(f"day < '{gone}'")
        if days:
            table.optimize.compact(partition_filters=[("day", "<", warm)])
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        for folder in task.path("bronze", source).glob("day=*"):
            if folder.name[4:] < gone:  # what a delivery left that was killed: the log does not know it, nor does vacuum
                shutil.rmtree(folder)


def origin(column):
    """From a column of gold back: dbt's manifest says of which columns it is made, Delta's log of which files."""
    manifest = json.loads(task.path("dbt", "manifest.json").read_text())
    made_of = {f"{node['name']}.{name}": about["meta"].get("from", []) for node in manifest["nodes"].values()
               if node["resource_type"] == "model" for name, about in node["columns"].items()}
    ahead, found = [column], set()
    while ahead:
        inputs = made_of.get(ahead.pop(), [])
        found |= {name.partition(".")[2] for name in inputs if name.startswith("bronze.")}
        ahead += [name for name in inputs if not name.startswith("bronze.")]
    files = {}
    for source in sources.SOURCES if found else ():
        for file in table_of(source).file_uris():
            name = f"bronze/{source}/{file.rpartition(f'/{source}/')[2]}"
            files |= {f"{name}#{one}": task.sha256(pathlib.Path(file).read_bytes()) for one in found}
    return files


def read(role):
    """Silver as a role may see it: columns whose tag it has not been given are not there."""
    manifest = json.loads(task.path("dbt", "manifest.json").read_text())
    columns = manifest["nodes"]["model.lake.silver"]["columns"]
    tags = {name: about["meta"].get("tag", "") for name, about in columns.items()}
    shown = [name for name in tags if tags[name] in ("", *steps.ROLES[role])]
    with warehouse() as db:
        rows = db.sql(f"SELECT {', '.join(shown)} FROM silver WHERE day = $1 ORDER BY number",
                      params=[os.environ["DAY"]]).fetchall()
    return {"columns": shown, "rows": len(rows), "first": list(rows[0])}


if __name__ == "__main__":
    task.main(land, silver, gold, tests, check, tier, origin, read)
