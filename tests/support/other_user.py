"""Baton's programs where another user of this machine can start them: a clone below /root (mode 0700) is closed to it."""

import os
import shutil
import subprocess
import tempfile


def become(uid):
    """In a child before exec, as root: nothing of root is left, its groups neither."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def place_for(uid, baton):
    """A new folder that `uid` may write to, with a copy of `baton` and its worker that `uid` can start.

    Gives (folder, the copied baton), or (None, why there is no such place). The caller removes the folder.
    """
    worker = os.environ.get("BATON_WORKER") or os.path.join(os.path.dirname(baton), "baton-worker")
    why = []
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")):
        if not os.path.isdir(parent):
            continue
        folder = tempfile.mkdtemp(prefix="chaos-other-user-", dir=parent)
        os.chmod(folder, 0o777)
        copy = os.path.join(folder, "baton")
        for source, target in ((baton, copy), (worker, os.path.join(folder, "baton-worker"))):
            shutil.copyfile(source, target)
            os.chmod(target, 0o755)
        try:
            subprocess.run([copy, "version"], cwd=folder, preexec_fn=lambda: become(uid), stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=60, check=True)
            return folder, copy
        except (OSError, subprocess.SubprocessError) as error:  # closed to that user, or mounted without exec
            why.append(f"{parent}: {error}")
            shutil.rmtree(folder, ignore_errors=True)
    return None, "; ".join(why)
