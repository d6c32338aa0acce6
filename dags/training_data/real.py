"""The programs of training_data.dag.yaml on real engines: Great Expectations judges, DVC keeps the versions.

What a source delivers is held against its expectations before it becomes a snapshot, and the finished set against its
own before it is published. A version is added to DVC under its name and pushed to a remote (a folder here, a bucket at
home); `verify` fetches it back from there alone and compares the bytes.
"""
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

os.environ.update({"GX_ANALYTICS_ENABLED": "false", "DVC_NO_ANALYTICS": "1"})

import pandas

import task
from training_data import sets, sources

CUSTOMER = r"^c\d{4}$"


def extract(source):
    """A snapshot of one source. What breaks its expectations is set aside, and the last good snapshot stands."""
    raw = getattr(sources, source)()
    if os.environ.get("BROKEN") == source:
        raw = json.loads(json.dumps(raw).replace("customer", "client").replace('"c0', '"?0'))
    broken = failures(source, {"orders": changes, "tickets": lines, "profiles": people}[source](raw))
    if broken:
        task.write_json(task.path("quarantine", f"{source}.json"), raw)
        task.fail(f"{source} breaks its contract and is in quarantine: {'; '.join(broken)}")
    task.path("quarantine", f"{source}.json").unlink(missing_ok=True)
    snapshot = {"orders": sets.apply_changes, "tickets": sets.read_tickets, "profiles": sets.read_profiles}[source](raw)
    task.write_json(task.path("sources", f"{source}.json"), snapshot)
    return {"rows": len(snapshot)}


def changes(log):
    return pandas.DataFrame([{"lsn": lsn, "operation": operation, "customer": customer,
                              "spend_cents": (row or {}).get("spend_cents")} for lsn, operation, customer, row in log])


def lines(text):
    return pandas.read_csv(io.StringIO(text))


def people(pages):
    return pandas.DataFrame([person for page in pages for person in json.loads(page)["items"]])


def expected(name):
    """What must hold of a source, or of a part of the finished set."""
    import great_expectations.expectations as e
    customers = [e.ExpectColumnToExist(column="customer"), e.ExpectColumnValuesToNotBeNull(column="customer"),
                 e.ExpectColumnValuesToMatchRegex(column="customer", regex=CUSTOMER)]
    columns = e.ExpectTableColumnsToMatchOrderedList(column_list=sets.COLUMNS)
    return customers + {
        "orders": [e.ExpectColumnValuesToBeInSet(column="operation", value_set=["insert", "update", "delete"]),
                   e.ExpectColumnValuesToBeBetween(column="spend_cents", min_value=0)],
        "tickets": [e.ExpectCompoundColumnsToBeUnique(column_list=["customer", "month"]),
                    e.ExpectColumnValuesToBeBetween(column="tickets", min_value=0, max_value=1000)],
        "profiles": [e.ExpectColumnValuesToBeUnique(column="customer"),
                     e.ExpectColumnValuesToBeInSet(column="region", value_set=["eu", "us", "apac"]),
                     e.ExpectColumnValuesToBeInSet(column="left", value_set=[True, False])],
        "train": [columns, e.ExpectColumnValuesToBeInSet(column="fold", value_set=list(range(sets.FOLDS))),
                  e.ExpectColumnValuesToBeBetween(column="weight", min_value=0, strict_min=True)],
    }.get(name, [columns, e.ExpectColumnValuesToBeInSet(column="made_up", value_set=[0])])  # what is held out


def failures(name, frame):
    """What does not hold, in words; all of it is in the task's report."""
    import great_expectations as gx  # takes seconds: not for tasks that judge nothing
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas(name).add_dataframe_asset(name).add_batch_definition_whole_dataframe(
        name).get_batch({"dataframe": frame})
    found = batch.validate(gx.ExpectationSuite(name=name, expectations=expected(name)))
    said = [(one.success, f"{one.expectation_config.type} {one.expectation_config.kwargs.get('column', '')}".strip())
            for one in found.results]
    if report := os.environ.get("BATON_REPORT_DIR"):
        rows = "".join(f"| `{what}` | {holds} |\n" for holds, what in said)
        with pathlib.Path(report, "summary.md").open("a") as out:
            out.write(f"| {name} | holds |\n|---|---|\n{rows}\n")
    return [what for holds, what in said if not holds]


def build():
    """The set as sets.py makes it; then DVC keeps it, here and in the remote."""
    built = sets.build()
    if not task.path(".dvc").exists():
        dvc("init", "--no-scm", "--force")
    dvc("remote", "add", "--default", "--force", "store", str(task.path("remote").resolve()))
    dvc("add", f"versions/{built['version']}")
    dvc("push", f"versions/{built['version']}.dvc")
    return built


def verify(version):
    """What sets.py demands, what the expectations of the finished set demand, and the bytes of the remote."""
    found = sets.verify(version)
    for part in sets.SPLITS:
        frame = pandas.read_csv(task.path("versions", version, f"{part}.csv"))
        if broken := failures(part, frame):
            task.fail(f"{part} breaks its contract: {'; '.join(broken)}")
    fetched = fetch(version)
    for file in task.path("versions", version).iterdir():
        if (fetched / file.name).read_bytes() != file.read_bytes():
            task.fail(f"the remote gives other bytes for {file.name}")
    shutil.rmtree(task.path("fetched"))
    return found


def fetch(version):
    """The version by its .dvc file and the remote alone."""
    folder = task.path("fetched")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "versions").mkdir(parents=True)
    dvc("init", "--no-scm", folder=folder)
    dvc("remote", "add", "--default", "store", str(task.path("remote").resolve()), folder=folder)
    shutil.copy(task.path("versions", f"{version}.dvc"), folder / "versions")
    dvc("pull", f"versions/{version}.dvc", folder=folder)
    return folder / "versions" / version


def dvc(*words, folder=None):
    program = pathlib.Path(sys.executable).with_name("dvc")
    done = subprocess.run([str(program), *words, "--quiet"], cwd=folder or task.path(), text=True, capture_output=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        task.fail(f"dvc {words[0]}: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    task.main(extract, build, verify, sets.publish)
