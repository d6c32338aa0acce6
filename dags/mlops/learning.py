"""Logistic regression by gradient descent, and two measures. Pure functions over lists."""
import math


def train(loans, rate, penalty, rounds=25):
    """Weights (the last is the constant)."""
    weights = [0.0] * len(loans[0])
    for _ in range(rounds):
        slope = [penalty * weight for weight in weights]
        for *x, y in loans:
            error = score(weights, x) - y
            for n, value in enumerate([*x, 1]):
                slope[n] += error * value / len(loans)
        weights = [weight - rate * step for weight, step in zip(weights, slope)]
    return [round(weight, 6) for weight in weights]


def score(weights, x):
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in zip(weights, [*x, 1]))))


def auc(weights, loans):
    """How often one that defaulted is ranked above one that did not."""
    ranked = sorted((score(weights, x), y) for *x, y in loans)
    positives = sum(y for _, y in ranked)
    ranks = sum(rank for rank, (_, y) in enumerate(ranked, 1) if y)
    return round((ranks - positives * (positives + 1) / 2) / (positives * (len(ranked) - positives)), 4)


def stability(before, now, bins=5):
    """The population stability index of one column: above 0.2 it is another population."""
    edges = [sorted(before)[len(before) * n // bins] for n in range(1, bins)]
    shares = []
    for values in (before, now):
        counts = [1] * bins
        for value in values:
            counts[sum(value >= edge for edge in edges)] += 1
        shares.append([count / sum(counts) for count in counts])
    return round(sum((b - a) * math.log(b / a) for a, b in zip(*shares)), 4)
