"""Alternating least squares for what people looked at (Hu, Koren, Volinsky 2008), in plain lists."""
import task

RANK, WEIGHT, PENALTY, ROUNDS = 6, 20.0, 0.5, 4


def factors(people, items):
    """people: a list of sets of items. Returns a vector for each person and for each item."""
    backwards = [{person for person, seen in enumerate(people) if item in seen} for item in range(items)]
    y = [[task.unit("start", item, n) / RANK for n in range(RANK)] for item in range(items)]
    for _ in range(ROUNDS):
        x = fitted(people, y)
        y = fitted(backwards, x)
    return x, y


def fitted(sides, others):
    """The vectors that fit best, the other side held fixed: (YtY + w·YstYs + λI) x = (1 + w)·sum(Ys) for each."""
    square = [[sum(vector[i] * vector[j] for vector in others) + PENALTY * (i == j) for j in range(RANK)]
              for i in range(RANK)]
    vectors = []
    for seen in sides:
        matrix, right = [row[:] for row in square], [0.0] * RANK
        for other in seen:
            vector = others[other]
            for i in range(RANK):
                right[i] += (1 + WEIGHT) * vector[i]
                for j in range(RANK):
                    matrix[i][j] += WEIGHT * vector[i] * vector[j]
        vectors.append(solve(matrix, right))
    return vectors


def solve(matrix, right):
    """Gauss, with pivots."""
    rows = [row[:] + [value] for row, value in zip(matrix, right)]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, len(rows)):
            factor = rows[r][i] / rows[i][i]
            for c in range(i, len(rows) + 1):
                rows[r][c] -= factor * rows[i][c]
    answer = [0.0] * len(rows)
    for i in reversed(range(len(rows))):
        answer[i] = (rows[i][-1] - sum(rows[i][j] * answer[j] for j in range(i + 1, len(rows)))) / rows[i][i]
    return answer


def product(a, b):
    return sum(p * q for p, q in zip(a, b))
