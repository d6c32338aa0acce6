"""Workloads that are a race over one graph: chain, fan, layers, noop, growth."""

import os

import actions
import contenders
import graphs
import measuring
from contenders import Baton
from rounds import race
from table import Row


def chain(context):
    """B1: tasks in a row, sh -c true."""
    return race(context, "chain", graphs.chain, context.size(1000, 200), actions.TRUE_SH, contenders.OF_CHAINS,
                {"ninja": (1.4, 1.15)}, kind="chain")


def fan(context):
    """B2: 1 → 10,000 → 1, sh -c true."""
    return race(context, "fan", graphs.fan, context.size(10000, 2000), actions.TRUE_SH, contenders.OF_FANS, {"ninja": (1.1, 1.0)})


def fan_argv(context):
    """B2: the same with /bin/true and no shell (ninja cannot: it runs sh -c true; make can)."""
    return race(context, "fan_argv", graphs.fan, context.size(10000, 2000), actions.TRUE_EXEC, contenders.OF_GRAPHS,
                {"ninja": (1.1, 1.0)})


def layers(context):
    """B3: 100 layers of 100 tasks, each with 3 parents."""
    depth = context.size(100, 20)
    return race(context, "layers", lambda n: graphs.layers(100, n // 100), 100 * depth, actions.TRUE_SH, contenders.OF_GRAPHS,
                {"ninja": (1.15, 1.0)})


def scattered(context):
    """B3: 10,000 tasks with 50,000 random edges."""
    return race(context, "scattered", lambda n: graphs.scattered(n, 5 * n), context.size(10000, 2000), actions.TRUE_SH,
                contenders.OF_GRAPHS, {"ninja": (1.15, 1.0)})


def noop(context):
    """10,000 tasks that are rows alone: at least 20,000 a second are 50 µs each."""
    row, = race(context, "noop", lambda n: graphs.Graph(n, lambda i: ()), 10000, actions.NOOP, ())
    row.bar, row.wish = 50.0, 33.3
    return [row]


def growth(context):
    """Cost per task at 300, 1,000, 10,000 and 100,000 tasks, against 1,000."""
    rows = []
    for kind, make, action in (("noop", lambda n: graphs.Graph(n, lambda i: ()), actions.NOOP), ("fan", graphs.fan, actions.TRUE_EXEC)):
        rows += growth_of(context, kind, make, action)
    return rows


def growth_of(context, kind, make, action):
    sizes = [300, 1000, 10000] + ([] if context.quick else [100000])
    costs = {size: [] for size in sizes}
    for turn in range(context.rounds):
        for size in sizes:
            if kind == "fan" and size == 100000 and turn > 0:
                continue  # it takes more than a minute
            context.say(f"growth: {kind} of {size:,}, round {turn + 1} of {context.rounds}")
            graph, folder = make(size), context.folder(f"growth.{kind}.{size}")
            baton = Baton()
            baton.write(folder, graph, action)
            costs[size].append(measuring.run(baton.command(folder, folder), folder))
            baton.check(folder, graph)
            os.unlink(os.path.join(folder, "d.yaml"))
    rows = []
    for size in sizes:
        walls = [1e6 * cost.wall_s / size for cost in costs[size]]
        row = Row("growth", f"Baton, {kind} of {size:,}", "µs/task", walls, [1e6 * c.cpu_s / size for c in costs[size]],
                  [c.peak_mib for c in costs[size]])
        if size > 1000:
            row.ratios = [wall / (1e6 * base.wall_s / 1000) for wall, base in zip(walls, costs[1000])]
            row.ratio_of, row.bar = "its cost at 1,000", 1.0
        rows.append(row)
    return rows
