"""B5: eight real workflows, with runtimes × 0 and ÷ 1,000. The tasks sleep, and say when they ran; the order is checked.

Runtimes ÷ 1,000: the makespan against what no scheduler can beat, max(critical path, work ÷ slots); a process that sleeps
for 3 ms takes longer than 3 ms, so the note has the ratio to a bound with that in it. Runtimes × 0: the bound is made of
bare processes measured in the same round: as many as there are tasks, in SLOTS at a time, or as many as the longest path
is long, one after another. The makespan is from the first start to the last end, as the tasks say.
"""

import os
import statistics

import actions
import graphs
import measuring
from contenders import Baton, Make, Ninja, SpawnLoop
from measuring import SLOTS
from table import Row
from witness import Witness

LONG_S = 5.0  # a shape with a larger bound runs twice only: it sleeps, and sleep does not scatter


def shapes(context):
    """B5: eight real workflows, runtimes × 0 and ÷ 1,000, against the bound; order checked by a witness."""
    rows = []
    for name, graph in graphs.shapes().items():
        rows += at_once(context, name, graph)
    for name, graph in graphs.shapes().items():
        bound_s = max(graph.critical_path_s(), sum(graph.runtimes_s) / SLOTS) / 1000
        if not (context.quick and bound_s > LONG_S / 2):
            rows.append(scaled(context, name, graph, bound_s))
    return rows


def witnessed_run(context, who, name, graph, sleep_us):
    """(Cost, span by the witness) of one run, checked."""
    folder = context.folder(f"shapes.{name}")
    witness = Witness(os.path.join(folder, "witness"))
    who.write(folder, graph, actions.witnessed(measuring.native("witness"), witness.path, sleep_us))
    cost = measuring.run(who.command(folder, folder), folder)
    who.check(folder, graph)
    if not isinstance(who, SpawnLoop):
        witness.must_fit(graph)
    return cost, witness.span_s()


def bare_spans(context, name, graph):
    """What the bare processes take: all of them in SLOTS at a time; those of the longest path one after another."""
    flat = witnessed_run(context, SpawnLoop(), name, graph, lambda i: 0)[1]
    deep = witnessed_run(context, SpawnLoop(1), name, graphs.chain(graph.depth()), lambda i: 0)[1]
    return flat, deep


def at_once(context, name, graph):
    contenders = [Baton(), Ninja(), Make()]
    spans = {who.name: [] for who in contenders}
    costs = {who.name: [] for who in contenders}
    bounds = []
    for turn in range(context.rounds):
        context.say(f"shapes: {name} × 0, round {turn + 1} of {context.rounds}")
        for k in range(len(contenders)):
            who = contenders[(turn + k) % len(contenders)]
            cost, span = witnessed_run(context, who, name, graph, lambda i: 0)
            costs[who.name].append(cost)
            spans[who.name].append(span)
        bounds.append(max(bare_spans(context, name, graph)))
    rows = []
    for who in contenders:
        own = costs[who.name]
        row = Row("shapes", f"{who.name}, {name} × 0", "µs/task", [1e6 * s / graph.tasks for s in spans[who.name]],
                  [1e6 * c.cpu_s / graph.tasks for c in own], [c.peak_mib for c in own], note=f"{graph.tasks} tasks, depth {graph.depth()}")
        row.ratios = [span / bound for span, bound in zip(spans[who.name], bounds)]
        row.ratio_of = "makespan ÷ bound"
        if who.name == "Baton":
            row.bar, row.wish = 1.15, 1.05
        rows.append(row)
    return rows


def scaled(context, name, graph, bound_s):
    spans, costs, bare_bounds = [], [], []
    rounds = min(context.rounds, 2) if bound_s > LONG_S else context.rounds
    for turn in range(rounds):
        context.say(f"shapes: {name} ÷ 1,000 (at least {bound_s:.1f} s), round {turn + 1} of {rounds}")
        cost, span = witnessed_run(context, Baton(), name, graph, lambda i: round(1000 * graph.runtimes_s[i]))
        costs.append(cost)
        spans.append(span)
        flat, deep = bare_spans(context, name, graph)
        bare_bounds.append(max(sum(graph.runtimes_s) / SLOTS / 1000 + flat, graph.critical_path_s() / 1000 + deep))
    row = Row("shapes", f"Baton, {name} ÷ 1,000", "s", spans, [1e6 * c.cpu_s / graph.tasks for c in costs],
              [c.peak_mib for c in costs], [span / bound_s for span in spans], "makespan ÷ bound", 1.15, 1.05)
    with_processes = statistics.median(span / bare for span, bare in zip(spans, bare_bounds))
    row.note = f"bound {bound_s:.2f} s; {with_processes:.2f} × a bound with the bare processes' own time in it"
    return row
