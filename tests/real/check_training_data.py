"""training_data on DVC and Great Expectations: judged by pandas over the files, and by DVC from the remote alone."""
import json
import pathlib
import shutil
import subprocess
import sys

import pandas

from scenario import kill, wait_until

PARTS = ("train", "validation", "test")


def main(s):
    process = s.begin("--run-id", "first")
    wait_until(lambda: len(list(s.data.glob("sources/*.json"))) >= 2 or process.poll() is not None, 600)
    s.check("killed while sources are read", process.poll() is None)
    kill(process)
    s.resume()
    version = current(s.data)
    first = files(s.data)
    parts = {part: pandas.read_csv(s.data / "versions" / version / f"{part}.csv") for part in PARTS}
    whose = [set(part["customer"]) for part in parts.values()]
    s.equal("no customer in two splits", sum(map(len, whose)), len(set.union(*whose)))
    ratios = [part[part["made_up"] == 0]["left"].mean() for part in parts.values()]
    s.check("class ratios within 1 %", max(ratios) - min(ratios) < 0.01, [f"{ratio:.4f}" for ratio in ratios])
    s.equal("no customer in two folds", int(parts["train"].groupby("customer")["fold"].nunique().max()), 1)
    s.rows(sum(len(json.loads((s.data / "sources" / f"{name}.json").read_text())) for name in (
        "orders", "tickets", "profiles")), sum(map(len, parts.values())))
    s.equal("DVC gives the same bytes from the remote alone", pulled(s, version) == of_version(first, version), True)

    broken = s.run("-p", "broken=orders")
    s.equal("a broken source is in quarantine, the others go on", (broken["extract"], broken["publish"], (
        s.data / "quarantine" / "orders.json").exists()), (["failed", "success", "success"], "success", True))
    s.check("its log names the expectation", "expect_column_values_to_match_regex customer" in s.baton(
        "logs", "@latest"))
    s.equal("its last good snapshot stands: the same version", current(s.data), version)
    s.run("-p", "seed=2")
    s.check("another split is another version", current(s.data) != version)
    s.equal("and the first one is still to be had, byte by byte", pulled(s, version) == of_version(first, version),
            True)
    s.run()
    s.equal("the first split again: nothing is made anew", {
        name: data for name, data in files(s.data).items() if name in first} == first, True)


def current(data):
    return json.loads((data / "current.json").read_text())["version"]


def files(data):
    return {str(file.relative_to(data)): file.read_bytes() for folder in ("versions", "sources", "remote")
            for file in sorted((data / folder).rglob("*")) if file.is_file()}


def of_version(found, version):
    return {name.rpartition("/")[2]: data for name, data in found.items() if name.startswith(f"versions/{version}/")}


def pulled(s, version):
    """A checkout of its own, which has the remote and the small file of the version, and nothing else."""
    folder = s.folder / "elsewhere"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "versions").mkdir(parents=True)
    for words in (["init", "--no-scm"], ["remote", "add", "--default", "store", str(s.data / "remote")]):
        dvc(folder, *words)
    shutil.copy(s.data / "versions" / f"{version}.dvc", folder / "versions")
    dvc(folder, "pull", f"versions/{version}.dvc")
    return {file.name: file.read_bytes() for file in (folder / "versions" / version).iterdir()}


def dvc(folder, *words):
    subprocess.run([str(pathlib.Path(sys.executable).with_name("dvc")), *words, "--quiet"], cwd=folder, check=True)
