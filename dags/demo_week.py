"""Asks a server for one run of `flights` for each of some days, over its REST API, and shows how they go.

python3 dags/demo_week.py URL TOKEN_FILE FIRST_DAY DAYS
"""
import datetime
import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

DAG = "/api/v2/dags/flights"
POLL_SECONDS = 0.3
GIVE_UP_SECONDS = 60
SIGNS = {"success": "✓", "failed": "✗", "running": "▸", "queued": "·"}


class Server:
    def __init__(self, url, token_file):
        self.url = url
        self.token = pathlib.Path(token_file).read_text().strip()

    def ask(self, method, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", "Bearer " + self.token)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def wait_for_dag(self):
        """The server reads its folder as it starts: a file that was just saved is there within a second."""
        end = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                return self.ask("GET", DAG)
            except urllib.error.HTTPError as error:
                if error.code != 404 or time.monotonic() > end:
                    raise
            time.sleep(POLL_SECONDS)

    def trigger(self, day):
        """One run for the interval of the day; it may be asked for again and again."""
        until = day + datetime.timedelta(days=1)
        stamp = "{}T00:00:00Z".format
        body = {"logical_date": None, "data_interval_start": stamp(day), "data_interval_end": stamp(until),
                "note": "of dags/demo.sh"}
        return self.ask("POST", DAG + "/dagRuns", body)["dag_run_id"]

    def run(self, run_id):
        return self.ask("GET", f"{DAG}/dagRuns/{run_id}")

    def tasks(self, run_id):
        """(done, all) task instances of a run; pages of 100."""
        done = count = 0
        while True:
            page = self.ask("GET", f"{DAG}/dagRuns/{run_id}/taskInstances?limit=100&offset={count}")
            states = [task["state"] for task in page["task_instances"]]
            done += sum(state in ("success", "failed", "skipped", "upstream_failed") for state in states)
            count += len(states)
            if not states or count >= page["total_entries"]:
                return done, count


def bar(done, count, width=30):
    full = width * done // count if count else 0
    return "█" * full + "░" * (width - full)


def seconds_of(run):
    if not run["start_date"]:
        return 0.0
    parse = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    end = parse(run["end_date"]) if run["end_date"] else datetime.datetime.now(datetime.timezone.utc)
    return (end - parse(run["start_date"])).total_seconds()


def line_of(day, run, done, count):
    head = f"  {SIGNS.get(run['state'], '?')} {day}  {bar(done, count)}  {done:2}/{count} tasks"
    return f"{head}  {seconds_of(run):5.1f} s  {run['state']}"


def follow(server, runs):
    """Shows the runs until all have ended; gives whether all succeeded. On a terminal the lines change in place."""
    is_live = sys.stdout.isatty()
    shown, ended = 0, {}
    while True:
        lines = []
        for day, run_id in runs:
            if run_id not in ended:
                run = server.run(run_id)
                line = line_of(day, run, *server.tasks(run_id))
                if run["state"] in ("success", "failed"):
                    ended[run_id] = (run["state"], line)
                    if not is_live:
                        print(line, flush=True)
            lines.append(ended[run_id][1] if run_id in ended else line)
        if is_live:
            up = f"\x1b[{shown}A" if shown else ""
            print(up + "".join(f"\r\x1b[K{text}\n" for text in lines), end="", flush=True)
            shown = len(lines)
        if len(ended) == len(runs):
            return all(state == "success" for state, _ in ended.values())
        time.sleep(POLL_SECONDS)


def main(url, token_file, first, days):
    server = Server(url, token_file)
    server.wait_for_dag()
    first_day = datetime.date.fromisoformat(first)
    week = [first_day + datetime.timedelta(days=n) for n in range(int(days))]
    runs = [(day, server.trigger(day)) for day in week]
    return 0 if follow(server, runs) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
