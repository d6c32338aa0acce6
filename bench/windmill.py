"""B1w: Windmill's suite. Forty short Python tasks in a row and ten long ones, in total, against a bare shell loop."""

import os

import actions
import graphs
import measuring
from contenders import Baton, Relay
from table import Row

FIBO = "import sys\ndef fibo(n): return n if n < 2 else fibo(n - 1) + fibo(n - 2)\nprint(fibo(int(sys.argv[1])))\n"


def windmill(context):
    """B1w: 40 × python3 fibo(10), and 10 × fibo(33), in a row; total against a shell loop."""
    return in_a_row(context, 40, 10) + in_a_row(context, context.size(10, 2), 33)


def in_a_row(context, count, n):
    folder = context.folder(f"windmill.{n}")
    script = os.path.join(folder, "fibo.py")
    with open(script, "w") as file:
        file.write(FIBO)
    argv = ["python3", script, str(n)]
    baton, graph = Baton(), graphs.chain(count)
    baton.write(folder, graph, actions.of_argv(lambda i: argv))
    loop = ["sh", "-ec", f"i=0; while [ $i -lt {count} ]; do {' '.join(argv)}; i=$((i+1)); done"]
    relay = Relay()
    relay.write(folder, graph, actions.of_argv(lambda i: argv))
    costs = {"Baton": [], "shell loop": [], "relay": []}
    measuring.run(argv, folder)
    for turn in range(context.rounds):
        context.say(f"windmill: fibo({n}), round {turn + 1} of {context.rounds}")
        place = context.folder(f"windmill.{n}.{turn}")
        commands = {"Baton": baton.command(folder, place), "shell loop": loop, "relay": relay.command(folder, place)}
        for k in range(len(costs)):
            who = list(costs)[(turn + k) % len(costs)]
            costs[who].append(measuring.run(commands[who], place))
        baton.check(place, graph)
        relay.check(place, graph)
    rows = [Row("windmill", f"{who}, {count} × fibo({n})", "ms", [1e3 * c.wall_s for c in own],
                [1e6 * c.cpu_s / count for c in own], [c.peak_mib for c in own]) for who, own in costs.items()]
    for row, rival in zip(rows[1:], ("shell loop", "relay")):
        row.ratios = [b.wall_s / l.wall_s for b, l in zip(costs["Baton"], costs[rival])]
        row.ratio_of = f"Baton ÷ {rival}"
    rows[1].bar, rows[1].wish = 1.1, 1.03
    return rows
