"""An auditor's ten questions, each a command.

    DATA=.baton-demo/lineage_audit python3 -m lineage_audit.ask QUESTION …
"""
import json

import task
from lineage_audit import steps


def rows(where="1", *values):
    with task.transaction(steps.SCHEMA) as db:
        return [dict(row) for row in db.execute(f"SELECT * FROM audit WHERE {where} ORDER BY number", values)]


def links():
    """output column → input columns, over all jobs that have run."""
    found = {}
    for row in rows():
        for output, sources in json.loads(row["columns"]).items():
            found.setdefault(output, set()).update(sources)
    return found


def lineage(column):
    """1. From which columns of which files is this made?"""
    found, ahead, known = [], [column], links()
    while ahead:
        for source in sorted(known.get(ahead.pop(), ())):
            if source not in found:
                found.append(source)
                ahead.append(source)
    return {"made_of": sorted(found), "files": sorted({source.rpartition(".")[0] for source in found
                                                       if source not in known})}


def impact(column):
    """2. What would change if this did?"""
    found, ahead = set(), [column]
    while ahead:
        now = ahead.pop()
        after = {output for output, sources in links().items() if now in sources} - found
        found |= after
        ahead += after
    return {"changes": sorted(found)}


def who(data_set, day):
    """3. Who made it, in which run?"""
    return {"made_by": [[row["actor"], row["run"]] for row in writers(data_set, day)]}


def code(data_set, day):
    """4. By which code, and is that the code of today?"""
    return {"code": [row["code"] for row in writers(data_set, day)],
            "today": task.sha256(steps.pathlib.Path(steps.__file__).read_bytes())}


def inputs(data_set, day):
    """5. From exactly which bytes?"""
    return {"reads": [json.loads(row["reads"]) for row in writers(data_set, day)]}


def changed(data_set, day):
    """6. Is the file the one that was written?"""
    written = json.loads(writers(data_set, day)[-1]["writes"])[data_set]
    found = task.path("data", f"dt={day}", data_set)
    return {"changed": not found.exists() or task.sha256(found.read_bytes()) != written}


def versions(data_set, day):
    """7. How often was it made, and did the result differ?"""
    return {"results": [json.loads(row["writes"])[data_set] for row in writers(data_set, day)]}


def refused(day):
    """8. What was left out?"""
    return {"refused": [row["note"] for row in rows("day = ? AND note <> ''", day)]}


def readers(sha):
    """9. Who has used these bytes?"""
    return {"used_by": sorted({f"{row['job']} {row['day']}" for row in rows("reads LIKE ?", f"%{sha}%")})}


def intact():
    """10. Is this audit itself what was written?"""
    return steps.verify()


def writers(data_set, day):
    found = [row for row in rows("day = ?", day) if data_set in json.loads(row["writes"])]
    return found or task.fail(f"nothing has written {data_set} for {day}")


if __name__ == "__main__":
    task.main(lineage, impact, who, code, inputs, changed, versions, refused, readers, intact)
