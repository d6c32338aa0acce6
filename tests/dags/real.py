"""Engines of the field for the tests that ask for them: `BATON_REAL=1` installs them into environments of their own."""
import os
import pathlib
import subprocess
import sys
import unittest

from pipeline import ROOT

ASKED_FOR = os.environ.get("BATON_REAL") == "1"


def needs_engine(test):
    return unittest.skipUnless(ASKED_FOR, "a real engine: set BATON_REAL=1")(test)


def python_with(*packages):
    """The interpreter of an environment with these packages, made when it is first asked for."""
    folder = pathlib.Path(ROOT / "build" / "real" / "-".join(name.split("=")[0] for name in packages))
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        (folder / "complete").touch()
    return str(python)
