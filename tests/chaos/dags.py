"""The small DAGs that chaos happens to. Each ends as success if it is left alone, however often it is disturbed."""

HEAD = """dag: {name}
env: {{CHAOS: "{folder}"}}
defaults:
  retries: {{max: 60, delay: 40ms, backoff: constant, jitter: none}}
  grace: {grace}
tasks:
"""


def _task(name, body, needs=(), more=""):
    lines = ['. "$CHAOS/lib.sh"', "begin", *body.strip().splitlines()]
    text = f"  {name}:\n"
    if needs:
        text += f"    needs: [{', '.join(needs)}]\n"
    text += more
    return text + "    run: |\n" + "".join(f"      {line}\n" for line in lines)


def _chain(pause):
    names = ["a", "b", "c", "d", "e"]
    text = "".join(_task(n, f"sleep {pause}\nok", names[:i][-1:]) for i, n in enumerate(names))
    return text, {n: [m] for n, m in zip(names, names[1:])}


def _fan(pause):
    text = _task("source", "ok")
    text += _task("part", f"sleep {pause}\nok", ["source"], "    for_each: {items: [1, 2, 3, 4, 5, 6, 7], as: x}\n")
    text += _task("sink", "ok", ["part"])
    return text, {"source": ["part"], "part": ["sink"]}


def _retries(pause):
    """Fails until the third try, and a neighbour that succeeds at once."""
    text = _task("steady", f"sleep {pause}\nok")
    text += _task("flaky", f'sleep {pause}\nif [ "$BATON_TRY_NUMBER" -lt 3 ]; then bad; fi\nok')
    text += _task("after", f"sleep {pause}\nok", ["steady", "flaky"])
    return text, {"steady": ["after"], "flaky": ["after"]}


FORKS = """
sleep 300 &
( sleep 301 & ) 
setsid sleep 302 &
( setsid -f sleep 303 )
"""


def _forker(pause):
    """Leaves four processes behind: a child, a grandchild that init adopts, two with sessions of their own."""
    text = _task("litter", FORKS + f"sleep {pause}\nok")
    text += _task("again", FORKS + f"sleep {pause}\nok", ["litter"])
    text += _task("after", "ok", ["again"])
    return text, {"litter": ["again"], "again": ["after"]}


def _sleepers(pause):
    names = ["s1", "s2", "s3", "s4"]
    text = "".join(_task(n, f"sleep {pause * 4}\nok") for n in names)
    text += _task("end", "ok", names)
    return text, {n: ["end"] for n in names}


def _stubborn(pause):
    """Deaf to SIGTERM, with a child that is deaf too."""
    text = _task("deaf", f"trap '' TERM\nsleep {pause * 6} &\nwait\nok")
    text += _task("deafer", f"trap '' TERM INT HUP\n( sleep 304 & )\nsleep {pause * 3}\nok")
    text += _task("after", "ok", ["deaf", "deafer"])
    return text, {"deaf": ["after"], "deafer": ["after"]}


KINDS = {"chain": _chain, "fan": _fan, "retries": _retries, "forker": _forker, "sleepers": _sleepers, "stubborn": _stubborn}


def write(kind, folder, path, pause=0.12, grace="1s"):
    """Writes the DAG file; returns who follows whom, task -> [task]."""
    tasks, downstream = KINDS[kind](pause)
    with open(path, "w") as file:
        file.write(HEAD.format(name=kind, folder=folder, grace=grace) + tasks)
    return downstream
