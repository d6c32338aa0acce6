#!/usr/bin/env python3
"""Fills a state folder with 50,000 runs of 20 task instances each, as a long history leaves them, and measures pages over
it: bench/pages.py BATON READER_PAGES FOLDER. The rows are put in by SQL, which takes a minute; making them by running
takes hours."""
import pathlib
import sqlite3
import subprocess
import sys

RUNS, TASKS, DAGS = 50_000, 20, 100

FILL = f"""
WITH RECURSIVE d(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < {DAGS - 1})
INSERT OR IGNORE INTO dag (dag_no, dag_id) SELECT 1000 + i, 'dag' || i FROM d;
INSERT INTO dag_version (version_no, dag_no, number, created_at, checksum, version, source_hash, source_file, work_folder,
  canonical_json, source) SELECT dag_no, dag_no, 1, 1, 0, 'v' || dag_no, '', '', '',
  (SELECT canonical_json FROM dag_version WHERE dag_no < 1000), '' FROM dag WHERE dag_no >= 1000;
WITH RECURSIVE t(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i < {TASKS - 1})
INSERT INTO dag_task SELECT dag_no, i, 0, 0, 0, 0, 1, 1, 't' || i, NULL, NULL FROM dag, t WHERE dag_no >= 1000;
WITH RECURSIVE r(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM r WHERE i < {RUNS + 99})
INSERT INTO dag_run (run_no, dag_no, version_no, run_type, state, reason, logical_date, run_after, queued_at, begun_at,
  started_at, ended_at, seq, created_seq, checksum, final_checksum, hooks_open, run_id, triggered_by, counts)
SELECT i, 1000 + i % {DAGS}, 1000 + i % {DAGS}, 1, CASE WHEN i % 50 = 7 THEN 3 ELSE 2 END, 0, i * 60000000, i * 60000000,
  i * 60000000, i * 60000000, i * 60000000, i * 60000000 + 5000000, i, i, 0, 0, 0, 'scheduled__' || i, 'timetable',
  '[0,0,0,0,20,0,0,0,0,0,0,0]' FROM r;
INSERT INTO run_input SELECT run_no, 0, '{{}}' FROM dag_run WHERE run_no >= 100;
INSERT INTO run_count SELECT dag_no, state, count(*) FROM dag_run WHERE run_no >= 100 GROUP BY 1, 2;
WITH RECURSIVE t(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i < {TASKS - 1})
INSERT INTO task_instance (run_no, instance_no, task_no, map_index, state, epoch, try_number, scheduled_at, queued_at,
  started_at, ended_at, pid, seq, checksum, times, host)
SELECT run_no, i, i, -1, CASE WHEN i = 3 AND run_no % 50 = 7 THEN 5 ELSE 4 END, 1, 1, run_after, run_after, run_after + i,
  run_after + i + 1000, 4711, run_no, 0, '{{"upstream":120,"running":1000}}', 'here' FROM dag_run, t WHERE run_no >= 100
  ORDER BY run_no, i;
"""


def fill(baton, folder):
    """A database with that history in the new or filled state folder."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "baton.db"
    if not database.exists():
        (folder / "one.yaml").write_text("dag: one\ntasks:\n" + "".join(f"  t{i}: {{noop: true}}\n" for i in range(TASKS)))
        subprocess.run([baton, "run", folder / "one.yaml", "-q", "--state", folder], check=True, stdout=subprocess.DEVNULL)
        with sqlite3.connect(database) as db:
            db.executescript(FILL)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
    return database


def main(baton, pages, folder):
    print(f"{fill(baton, folder).stat().st_size >> 20} MiB")
    subprocess.run([pages, folder], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
