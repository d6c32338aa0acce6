"""`./dev pipelines [NAME…]`: the reference pipelines on their real engines, each checked, in one table.

What a pipeline needs stands in dags/NAME/real.toml (engines, servers) and dags/NAME/real.txt (packages of PyPI, each
with its exact version). It is installed below build/real when it is first asked for. What cannot be had is said in the
table; nothing takes its place.
"""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import tomllib

from scenario import BATON, DAGS, ROOT, below

REAL = ROOT / "build" / "real"
PR_SET_CHILD_SUBREAPER = 36
NO_REAL_ENGINE = {"tested": "Baton itself is its engine: ./dev test", "cost": "Baton itself is its engine: ./dev test"}


class NotToBeHad(Exception):
    """A package that this machine cannot get."""


def needs_of(name):
    needs = tomllib.loads((DAGS / name / "real.toml").read_text())
    servers = tomllib.loads((DAGS / "servers.toml").read_text())
    debian, maven = dict(needs.get("debian", {})), dict(needs.get("maven", {}))
    for server in needs.get("servers", []):
        debian |= servers[server].get("debian", {})
        if "maven" in servers[server]:
            maven[server] = servers[server]["maven"]
    return needs["engines"], debian, maven


def install(name):
    """Makes what is missing. Each part says that it is complete in a file that is written last."""
    _, debian, maven = needs_of(name)
    missing = sorted({package for command, package in debian.items() if not shutil.which(command, path=search_path())})
    if missing:
        log(name, f"installs {' '.join(missing)}")
        root = [] if os.geteuid() == 0 else ["sudo"]
        run(name, [*root, "apt-get", "update", "-qq"])
        run(name, [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
                   "--no-install-recommends", *missing])
    for jars, coordinates in maven.items():
        install_jars(name, REAL / "jars" / jars, coordinates)
    install_python(name, REAL / name, (DAGS / name / "real.txt").read_text())


def search_path():
    """Debian's servers lie where not everybody looks for programs."""
    postgres = ":".join(map(str, pathlib.Path("/usr/lib/postgresql").glob("*/bin")))
    return f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin:{postgres}"


def install_jars(name, folder, coordinates):
    if is_complete(folder, json.dumps(coordinates)):
        return
    log(name, f"fetches {' '.join(coordinates)}")
    dependencies = "".join(map(dependency, coordinates))
    folder.mkdir(parents=True, exist_ok=True)
    pom = folder / "pom.xml"
    pom.write_text(f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>baton</groupId><artifactId>{folder.name}</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{dependencies}</dependencies></project>
""")
    run(name, ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"])
    (folder / "complete").write_text(json.dumps(coordinates))


def dependency(coordinates):
    """`group:artifact:version` with all that it needs; with `:alone` behind it, the one jar."""
    group, artifact, version, *alone = coordinates.split(":")
    rest = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    return (f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
            f"{rest if alone else ''}</dependency>")


def install_python(name, folder, requirements):
    if is_complete(folder, requirements):
        return
    log(name, f"installs {len(requirements.split())} packages of PyPI")
    run(name, [sys.executable, "-m", "venv", "--clear", str(folder)])
    run(name, [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check",
               "-r", str(DAGS / name / "real.txt")])
    (folder / "complete").write_text(requirements)


def is_complete(folder, wanted):
    mark = folder / "complete"
    return mark.exists() and mark.read_text() == wanted


def run(name, command):
    done = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
        said = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise NotToBeHad(f"{pathlib.Path(command[0]).name}: {said[:160]}")


def log(name, text):
    print(f"{name}: {text}", file=sys.stderr, flush=True)


def prove(name):
    """One pipeline, in folders of its own; gives its row of the table."""
    engines = needs_of(name)[0]
    row = {"pipeline": name, "engines": engines, "in": "", "out": "", "checks": "", "time": "", "peak": "", "ok": False}
    begin = time.monotonic()
    try:
        install(name)
    except NotToBeHad as reason:
        return {**row, "checks": f"not to be had here: {reason}", "ok": None}
    installed = time.monotonic() - begin
    if installed > 1:
        log(name, f"installed in {installed:.0f} s")
    folder = REAL / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begin = time.monotonic()
    env = {**os.environ, "PATH": search_path(), "PYTHONDONTWRITEBYTECODE": "1", "BATON": BATON}
    with open(folder / "checks.log", "w") as said:
        process = subprocess.Popen([str(REAL / name / "bin" / "python"), str(ROOT / "tests/real/scenario.py"), name,
                                    str(folder)], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.STDOUT)
        memory = PeakMemory(process.pid)
        for line in process.stdout:
            said.write(line)
            sys.stderr.write(f"{name}: {line}")
        process.wait()
    row |= {"time": f"{time.monotonic() - begin:.0f} s", "peak": f"{memory.stop() / 2**20:,.0f} MiB"}
    try:
        result = json.loads((folder / "result.json").read_text())
    except FileNotFoundError:
        return {**row, "checks": f"no result: see {folder}/checks.log"}
    good = sum(check["holds"] for check in result["checks"])
    numbers = {key: f"{result[key]:,}" if result[key] is not None else "" for key in ("in", "out")}
    return {**row, **numbers, "checks": f"{good} of {len(result['checks'])}",
            "ok": process.returncode == 0 and good == len(result["checks"]) > 0}


class PeakMemory(threading.Thread):
    """Looks every two seconds at what all processes of a pipeline hold; what they share is counted once."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(2):
            self.bury()
            # Below this process, not below the check alone: a worker whose starter has died belongs to us.
            self.peak = max(self.peak, sum(map(held_by, below(os.getpid()))))

    def bury(self):
        """Orphans that have ended: while nobody has asked after them, a server takes its killed forerunner for alive."""
        with contextlib.suppress(ChildProcessError):
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if ended.si_pid == self.pid:  # whoever has started it asks
                    return
                os.waitpid(ended.si_pid, 0)

    def stop(self):
        self.ended.set()
        self.join()
        return self.peak


def held_by(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def table(rows):
    columns = {"pipeline": "pipeline", "engines": "engines", "in": "rows in", "out": "rows out", "checks": "checks",
               "time": "time", "peak": "peak memory"}
    lines = [list(columns.values())] + [[row[key] for key in columns] for row in rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)


def main():
    there = sorted(file.parent.name for file in DAGS.glob("*/real.toml"))
    parser = argparse.ArgumentParser(prog="./dev pipelines", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", help=f"one of: {', '.join(there)}; all where none is named")
    parser.add_argument("--install", action="store_true", help="install what they need and go no further")
    asked = parser.parse_args()
    for name in asked.name:
        if name not in there:
            parser.error(f"{name}: {NO_REAL_ENGINE.get(name, 'no such real pipeline; there are ' + ', '.join(there))}")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    names = asked.name or there
    if asked.install:
        for name in names:
            install(name)
        return 0
    rows = [prove(name) for name in names]
    print(table(rows))
    for name, why in NO_REAL_ENGINE.items() if not asked.name else ():
        print(f"{name}: {why}")
    print(f"\n{sum(row['ok'] is True for row in rows)} passed, {sum(row['ok'] is False for row in rows)} failed, "
          f"{sum(row['ok'] is None for row in rows)} not to be had")
    return int(any(row["ok"] is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
