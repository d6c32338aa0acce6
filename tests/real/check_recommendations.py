"""Recommendations by Spark's ALS over Redis: better than popularity, a list for who came today, stable variants.

Judged over what Redis serves and the generator's held-out looks; popularity is counted once more here.
"""
import collections
import json
import os

import redis
import servers
from scenario import kill, wait_until

os.environ["PEOPLE"] = "1000"
from recommendations import people  # noqa: E402

HELD_OUT, TOP = 3, 8


def main(s):
    process = s.begin()
    wait_until(lambda: (s.data / "looks.json").exists() or process.poll() is not None)
    s.check("killed while it trains", process.poll() is None)
    kill(process)
    s.resume()
    looks = [people.looks(person) for person in range(people.PEOPLE)]
    popular = {region: [item for item, _ in collections.Counter(
        item for person, seen in enumerate(looks) if people.region(person) == region
        for item in sorted(seen[:-HELD_OUT])).most_common()] for region in people.REGIONS}
    version, lists = served(s)
    hits = collections.Counter()
    for person, seen in enumerate(looks):
        past, held_out = seen[:-HELD_OUT], set(seen[-HELD_OUT:])
        taste = json.loads(lists[f"person:{person}"])["taste"]
        hits["als"] += len(held_out & set(taste))
        hits["popular"] += len(held_out & set([item for item in popular[people.region(person)] if item not in past][:TOP]))
        hits["seen"] += len(set(taste) & set(past))
        hits["whole"] += len(set(taste)) == TOP
    als, rival = (hits[name] / (HELD_OUT * people.PEOPLE) for name in ("als", "popular"))
    s.check("better than popularity on held-out looks", als >= rival + 0.05, f"{als:.3f} against {rival:.3f}")
    s.check("nobody is shown what they have seen, everybody eight items", not hits["seen"] and
            hits["whole"] == people.PEOPLE)
    s.equal("the pipeline has measured the same", round(s.outputs("evaluate")["recall"], 3), round(als, 3))
    s.equal("popular lists in Redis", {region: json.loads(lists[f"region:{region}"]) for region in people.REGIONS} ==
            popular, True)
    near = sum(other % 3 == item % 3 for item in range(people.ITEMS) for other in json.loads(lists[f"item:{item}"]))
    s.check("similar items are of one taste", near / (5 * people.ITEMS) > 0.8, f"{near / (5 * people.ITEMS):.2f}")
    variants = s.outputs("check")["variants"]
    s.check("half of the people are in variant B", 0.4 < variants["B"] / sum(variants.values()) < 0.6, variants)

    first = shown(s)
    s.check("who came today is shown what is popular in the region",
            all(first[str(person)]["source"] == "popularity" and
                first[str(person)]["items"] == popular[people.region(person)][:TOP] for person in (9998, 9999)))
    states = s.run("-p", "min_gain=0.9")
    s.equal("a gate that stays shut publishes nothing", (states["publish"], served(s)[0]), ("skipped", version))
    s.run()
    s.equal("the same looks give the same version, and everybody the same list", (served(s)[0], shown(s) == first),
            (version, True))
    s.rows(sum(len(seen) - HELD_OUT for seen in looks), people.PEOPLE * TOP)


def served(s):
    with servers.running("redis", (s.data / "servers/redis").resolve()) as (_, port):
        db = redis.Redis(port=port, decode_responses=True)
        version = db.get("recommendations:served")
        return version, db.hgetall(f"recommendations:{version}")


def shown(s):
    """What the service answers, in a process of its own, for some and for two that nobody knows."""
    import subprocess
    import sys
    from scenario import DAGS
    program = ("import json, sys; from recommendations import spark_als as a; db = a.store(); "
               "print(json.dumps({p: a.recommend(p, db) for p in [*range(0, 1000, 25), 9998, 9999]}))")
    with servers.running("redis", (s.data / "servers/redis").resolve()) as (_, port):
        folder = s.folder / "work" / "servers"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "redis.json").write_text(json.dumps({"host": "127.0.0.1", "port": port}))
        done = subprocess.run([sys.executable, "-c", program], cwd=DAGS, text=True, capture_output=True, check=True, env={
            **os.environ, "DATA": str(s.data), "EXPERIMENT": "embeddings-1", "BATON_WORK_DIR": str(s.folder / "work")})
    return json.loads(done.stdout.splitlines()[-1])
