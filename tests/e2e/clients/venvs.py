"""What the tests want of PyPI, in virtual environments that are made once and kept in ~/.cache/baton-tests. By itself
it makes all of them: tests/run.sh starts it while the build goes on."""
import fcntl
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(os.environ.get("BATON_TEST_CACHE", pathlib.Path.home() / ".cache" / "baton-tests"))
INSTALL_SECONDS = 240
CLIENT = "apache-airflow-client"
NEWEST_CLIENT = "3.3.2"
OLDER_CLIENTS = ("3.0.2", "3.1.8", "3.2.2")
CTL, TOOLS, SCHEMATHESIS = ("apache-airflow-ctl", "0.1.5"), ("astro-airflow-mcp", "0.9.1"), ("schemathesis", "4.32.5")


class Unreachable(Exception):
    """pip could not get the package: a test that needs it is skipped, and says so."""


def venv_with(package, version):
    """The folder of programs of an environment that has this package."""
    folder = FOLDER / f"{package}-{version}"
    made_once(folder, lambda: (run(sys.executable, "-m", "venv", folder), pip(folder, f"{package}=={version}")))
    return folder / "bin"


def client(version):
    """(python, PYTHONPATH) with this version of Airflow's client. The versions want the same packages beside them,
    which the newest one brings."""
    python = venv_with(CLIENT, NEWEST_CLIENT) / "python"
    if version == NEWEST_CLIENT:
        return python, ""
    folder = FOLDER / f"{CLIENT}-{version}-alone"
    made_once(folder, lambda: pip(FOLDER / f"{CLIENT}-{NEWEST_CLIENT}", "--no-deps", "--target", folder,
                                  f"{CLIENT}=={version}"))
    return python, str(folder)


def packages_of_client():
    """The folder of packages that this very Python can import the newest client from."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return venv_with(CLIENT, NEWEST_CLIENT).parent / "lib" / python / "site-packages"


unreachable = []  # what was not to be had once is not asked for again by this process


def made_once(folder, make):
    folder.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tests want the same one
        if not (folder / "ready").exists():
            if unreachable:
                raise unreachable[0]
            make()
            (folder / "ready").touch()


def pip(venv, *words):
    run(venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "--retries", "1", "--timeout", "10",
        *words)


def run(*words):
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        lines = (getattr(error, "stderr", "") or "").strip().splitlines()
        unreachable.append(Unreachable(f"not to be had: {words[-1]}: {lines[-1] if lines else error}"))
        raise unreachable[0] from error


if __name__ == "__main__":
    for wanted in [lambda v=v: client(v) for v in (NEWEST_CLIENT, *OLDER_CLIENTS)] + [
            lambda p=p: venv_with(*p) for p in (CTL, TOOLS, SCHEMATHESIS)]:
        try:
            wanted()
        except Unreachable as why:
            print(why, file=sys.stderr)
            break
