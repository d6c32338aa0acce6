"""B15: a slow disk (each fsync takes 1 or 5 ms longer), and B13: a log of 1 GiB."""

import json
import os
import struct

import actions
import graphs
import measuring
from contenders import Baton, must_have_succeeded
from measuring import BATON, Wrong, native
from table import Row


def slow_disk(context):
    """B15: 1 and 5 ms added to each fsync of the scheduler: a fan against no delay, fsyncs per hop of a chain."""
    fan, hops = context.size(2000, 1000), context.size(300, 100)
    rows = []
    fans = delayed_runs(context, "fan", graphs.fan(fan))
    for delay in (0, 1, 5):
        own = fans[delay]
        row = Row("slow_disk", f"fan, + {delay} ms", "µs/task", [1e6 * c.wall_s / fan for c, _ in own],
                  [1e6 * c.cpu_s / fan for c, _ in own], [c.peak_mib for c, _ in own])
        if delay:
            row.ratios = [slow.wall_s / fast.wall_s for (slow, _), (fast, _) in zip(own, fans[0])]
            row.ratio_of, row.bar, row.wish = "no delay", 1.7, 1.5
        row.note = f"{fan:,} tasks, {sum(n for _, n in own) / len(own) / fan:.3f} fsyncs a task"
        rows.append(row)
    chains = delayed_runs(context, "chain", graphs.chain(hops))
    for delay in (0, 1, 5):
        own = chains[delay]
        rows.append(Row("slow_disk", f"chain, + {delay} ms, fsyncs", "a hop", [n / hops for _, n in own], bar=1.1, wish=1.05,
                        note=f"{hops} hops, {1e3 * sum(c.wall_s for c, _ in own) / len(own) / hops:.2f} ms each"))
    return rows


def delayed_runs(context, name, graph):
    """Delay in ms → (Cost, fsyncs), one a round, the delays alternating. Fsyncs without those of an empty run."""
    folder, idle = context.folder(f"slow_disk.{name}"), context.folder("slow_disk.one")
    Baton().write(folder, graph, actions.TRUE_SH)
    Baton().write(idle, graphs.Graph(1, lambda i: ()), actions.NOOP)
    found = {0: [], 1: [], 5: []}
    for turn in range(context.rounds):
        context.say(f"slow_disk: {name}, round {turn + 1} of {context.rounds}")
        for k in range(3):
            delay = (0, 1, 5)[(turn + k) % 3]
            place = context.folder(f"slow_disk.{name}.{delay}.{turn}")
            cost, syncs = counted_run(folder, place, delay)
            Baton().check(place, graph)
            around = counted_run(idle, context.folder("slow_disk.one"), 0)[1]
            found[delay].append((cost, syncs - around))
    return found


def counted_run(folder, place, delay_ms):
    count = os.path.join(place, "syncs")
    with open(count, "wb") as file:
        file.write(bytes(4096))
    baton = Baton(environment=[f"LD_PRELOAD={native('slow_disk.so')}", f"BENCH_SYNC_US={1000 * delay_ms}", f"BENCH_SYNC_COUNT={count}"])
    cost = measuring.run(baton.command(folder, place), place)
    with open(count, "rb") as file:
        syncs = struct.unpack("q", file.read(8))[0]
    if syncs == 0:
        raise Wrong("the shim saw no fsync: a slow disk that slows nothing")
    return cost, syncs


def logs(context):
    """B13: one task writes a log of 1 GiB; against `command > file`."""
    mib = context.size(1024, 128)
    argv = [native("lines"), str(mib)]
    costs = {"command > file": [], "Baton, all kept": [], "Baton, 64 MiB kept": []}
    for turn in range(context.rounds):
        context.say(f"logs: round {turn + 1} of {context.rounds}")
        names = list(costs)
        for k in range(3):
            who = names[(turn + k) % 3]
            place = context.folder(f"logs.{turn}.{k}")
            costs[who].append(plain_log(place, argv, mib) if who == names[0] else baton_log(place, argv, mib, who == names[1]))
    rows = []
    for who, own in costs.items():
        row = Row("logs", who, "ms", [1e3 * c.wall_s for c in own], [1e6 * c.cpu_s for c in own], [c.peak_mib for c in own])
        if who != "command > file":
            row.ratios = [b.wall_s / c.wall_s for b, c in zip(own, costs["command > file"])]
            row.ratio_of = "÷ command > file"
        row.note = f"{mib} MiB; {mib / (sum(c.wall_s for c in own) / len(own)):,.0f} MiB/s"
        rows.append(row)
    rows[1].bar, rows[1].wish = 1.1, 1.05
    return rows


def plain_log(place, argv, mib):
    path = os.path.join(place, "log")
    cost = measuring.run(["sh", "-c", "exec " + " ".join(argv) + " > log"], place)
    must_have_size(path, mib, exactly=True)
    os.unlink(path)
    return cost


def baton_log(place, argv, mib, keep_all):
    limit = f", log_limit: {2 * mib}Mi" if keep_all else ""
    with open(os.path.join(place, "d.yaml"), "w") as file:
        file.write(f"dag: log\ntasks:\n  t: {{exec: {json.dumps(argv)}{limit}}}\n")
    cost = measuring.run([BATON, "run", "d.yaml", "--state", "state", "-q"], place)
    must_have_succeeded(os.path.join(place, "state"), 1)
    found = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(place, "state", "logs")) for name in names
             if name.endswith(".log")]
    must_have_size(found[0], mib, exactly=keep_all)
    os.unlink(found[0])
    return cost


def must_have_size(path, mib, exactly):
    """All of it is there, or at most 64 MiB of it on disk."""
    kept = os.stat(path)
    if exactly and kept.st_blocks * 512 < mib << 20 or kept.st_size < (mib << 20) and exactly:
        raise Wrong(f"{path} has {kept.st_size} bytes, not {mib} MiB")
    if not exactly and kept.st_blocks * 512 > 80 << 20:
        raise Wrong(f"{path} takes {kept.st_blocks * 512} bytes on disk beyond its limit of 64 MiB")
