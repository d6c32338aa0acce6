"""Reports a day: what came in, what was caught, how the model did, and whether it was published, and why (not).

It runs whatever happened above it, so it believes the states of the tasks and not the files alone: those may be of
an earlier run. The report holds no times and no run ids; a second run of the day writes the same bytes.
"""
import os

from lake import arguments, read_json, write_json, write_outputs, write_text


def read_states(text):
    return dict(pair.split("=") for pair in text.split())


def outcome(states, plan, evaluation):
    """(word, reason) for the last line of the report."""
    failed = [task for task, state in states.items() if state in ("failed", "upstream_failed")]
    if failed:
        return "not published", ", ".join(f"{task} is {states[task]}" for task in failed)
    if not plan["enough"]:
        return "not published", f"no baseline: {len(plan['past'])} past days, {plan['min_past_days']} are needed"
    if states["publish"] == "success":
        return "published", evaluation["reason"]
    return "not published", evaluation["reason"]


def collect(lake, day, states):
    """The report as one JSON object; parts that this run did not reach are null."""
    plan = read_json(lake.features(day, "plan.json")) if states["plan"] == "success" else {
        "enough": False, "past": [], "min_past_days": 0}
    evaluation = read_json(lake.candidate(day, "evaluation.json")) if states["evaluate"] == "success" else None
    checks = read_json(lake.checks(day)) if states["validate"] == "success" else None
    word, reason = outcome(states, plan, evaluation)
    if word == "not published" and lake.publication(day).is_file():
        reason += f"; model {read_json(lake.publication(day))['model_id']}, which an earlier run published, stands"
    past = [read_json(lake.checks(past_day)) for past_day in plan["past"]] if evaluation else []
    return {"day": day, "checks": checks, "evaluation": evaluation, "outcome": word, "reason": reason,
            "past": {"days": len(past), "rows": sum(p["rows"] for p in past),
                     "quarantined": sum(p["quarantined"] for p in past)}}


def table(report):
    """The report as lines of (what, value, remark)."""
    lines = []
    checks, evaluation, past = report["checks"], report["evaluation"], report["past"]
    if checks:
        lines += [("rows in", f"{checks['rows']}", ""), ("quarantined", f"{checks['quarantined']}", "")]
        lines += [(f"  {reason}", f"{n}", "") for reason, n in sorted(checks["by_reason"].items()) if n]
    if past["days"]:
        lines.append(("past rows", f"{past['rows']}", f"{past['days']} days, {past['quarantined']} quarantined"))
    if evaluation:
        champion = evaluation["champion"]
        lines += [
            ("model MAE", f"{evaluation['mae_min']:.2f}",
             f"minutes; {evaluation['loss']} loss, penalty {evaluation['penalty']:g}"),
            ("baseline MAE", f"{evaluation['baseline_mae_min']:.2f}",
             f"always the past median, {evaluation['baseline_min']:g} min"),
            ("published MAE", f"{champion['mae_min']:.2f}" if champion else "-",
             f"model {champion['model_id']} of {champion['day']}" if champion else "nothing published before")]
    return lines


def as_text(report):
    lines = [f"{what:18} {value:>8}  {remark}".rstrip() for what, value, remark in table(report)]
    model = f" {report['evaluation']['model_id']}" if report["outcome"] == "published" else ""
    return "\n".join([f"Flight delays, {report['day']}", *lines, f"=> {report['outcome']}{model}: {report['reason']}"])


def as_markdown(report):
    lines = [f"# Flight delays, {report['day']}", "", f"**{report['outcome']}**: {report['reason']}", "",
             "| | | |", "|---|---:|---|"]
    lines += [f"| {what.strip()} | {value} | {remark} |" for what, value, remark in table(report)]
    if report["checks"] and report["checks"]["quarantined"]:
        lines += ["", f"The rows that were caught, with reasons: `../../quarantine/dt={report['day']}.csv`"]
    return "\n".join(lines) + "\n"


def main(argv=None):
    parser = arguments(__doc__)
    parser.add_argument("--states", type=read_states, default=os.environ.get("STATES"),
                        help="how plan, validate, evaluate and publish ended, as task=state … (default: $STATES)")
    options = parser.parse_args(argv)

    report = collect(options.lake, options.day, options.states)
    write_json(options.lake.report(options.day, "report.json"), report)
    write_text(options.lake.report(options.day, "report.md"), as_markdown(report))
    print(as_text(report))
    print(f"report: {options.lake.report(options.day, 'report.md').resolve()}")
    write_outputs({"outcome": report["outcome"], "reason": report["reason"]})


if __name__ == "__main__":
    main()
