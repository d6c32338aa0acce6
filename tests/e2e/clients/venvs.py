"""Virtual environments with a package of PyPI in each, made once for each version and kept in ~/.cache/baton-tests."""
import fcntl
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(os.environ.get("BATON_TEST_CACHE", pathlib.Path.home() / ".cache" / "baton-tests"))


class Unreachable(Exception):
    """pip could not get the package: a test that needs it is skipped, and says so."""


def venv_with(package, version):
    """The folder of programs of an environment that has this package."""
    folder = FOLDER / f"{package}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / f"{package}-{version}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tests want the same one
        if not (folder / "ready").exists():
            install(folder, f"{package}=={version}")
            (folder / "ready").touch()
    return folder / "bin"


def install(folder, wanted):
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=300)
        subprocess.run([folder / "bin" / "pip", "install", "-q", wanted], check=True, capture_output=True, timeout=600)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"pip could not install {wanted}: {error}") from error
