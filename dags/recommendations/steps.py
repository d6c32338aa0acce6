"""The programs of recommendations.dag.yaml: train, measure against popularity, publish what is better, answer."""
import collections
import json
import math
import os

import task
from recommendations import als, people

HELD_OUT, TOP = 3, 8


def ingest():
    """What everybody looked at; the last three looks of each are kept for measuring."""
    looks = [people.looks(person) for person in range(people.PEOPLE)]
    task.write_json(task.path("looks.json"), {"past": [seen[:-HELD_OUT] for seen in looks],
                                              "held_out": [seen[-HELD_OUT:] for seen in looks]})
    return {"people": len(looks)}


def looks():
    return json.loads(task.path("looks.json").read_text())


def train():
    x, y = als.factors([set(seen) for seen in looks()["past"]], people.ITEMS)
    embeddings = {"people": [[round(value, 5) for value in row] for row in x],
                  "items": [[round(value, 5) for value in row] for row in y]}
    task.write_json(task.path("embeddings.json"), embeddings)
    popular = {region: [item for item, _ in collections.Counter(
        item for person, seen in enumerate(looks()["past"]) if people.region(person) == region
        for item in sorted(seen)).most_common()] for region in people.REGIONS}
    task.write_json(task.path("popular.json"), popular)


def evaluate():
    """Of the looks that were held out, how many are among the first eight that would have been shown?"""
    known, embeddings = looks(), json.loads(task.path("embeddings.json").read_text())
    popular = json.loads(task.path("popular.json").read_text())
    hits = collections.Counter()
    for person, (past, held_out) in enumerate(zip(known["past"], known["held_out"])):
        hits["als"] += len(set(held_out) & set(by_taste(embeddings, person, past)))
        hits["popular"] += len(set(held_out) & set([item for item in popular[people.region(person)]
                                                    if item not in past][:TOP]))
    total = HELD_OUT * people.PEOPLE
    return {"recall": round(hits["als"] / total, 3), "popularity": round(hits["popular"] / total, 3)}


def by_taste(embeddings, person, past):
    vector = embeddings["people"][person]
    order = sorted(range(people.ITEMS), key=lambda item: (-als.product(vector, embeddings["items"][item]), item))
    return [item for item in order if item not in past][:TOP]


def publish():
    """Only now is it what people see: one file, replaced in one step."""
    task.write_json(task.path("serving.json"), {
        "past": looks()["past"], "popular": json.loads(task.path("popular.json").read_text()),
        **json.loads(task.path("embeddings.json").read_text())})


def recommend(person):
    """What a page shows to a person: by taste, or by the region where nothing is known; and which variant it is."""
    person, serving = int(person), json.loads(task.path("serving.json").read_text())
    if person < len(serving["past"]) and variant(person) == "B":
        return {"variant": "B", "source": "taste",
                "items": by_taste({"people": serving["people"], "items": serving["items"]}, person,
                                  serving["past"][person])}
    past = serving["past"][person] if person < len(serving["past"]) else []
    return {"variant": variant(person), "source": "popularity",
            "items": [item for item in serving["popular"][people.region(person)] if item not in past][:TOP]}


def variant(person):
    """A or B for good: from the person and the name of the experiment, never from the run or the clock."""
    return "B" if task.unit(os.environ["EXPERIMENT"], person) < 0.5 else "A"


def similar(item):
    """The items that lie nearest, by angle."""
    vectors = json.loads(task.path("serving.json").read_text())["items"]

    def nearness(other):
        a, b = vectors[int(item)], vectors[other]
        return als.product(a, b) / math.sqrt(als.product(a, a) * als.product(b, b))
    return {"similar": sorted((other for other in range(people.ITEMS) if other != int(item)),
                              key=lambda other: -nearness(other))[:5]}


def check():
    """The promises of the service, for everybody and for two who came today."""
    shares = collections.Counter()
    for person in [*range(0, people.PEOPLE, 10), people.PEOPLE, people.PEOPLE + 1]:
        shown = recommend(person)
        if len(set(shown["items"])) != TOP or recommend(person) != shown:
            task.fail(f"person {person} is shown {shown}, and not twice the same")
        shares[shown["variant"]] += 1
    return {"variants": dict(shares)}


if __name__ == "__main__":
    task.main(ingest, train, evaluate, publish, recommend, similar, check)
