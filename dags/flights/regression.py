"""Linear regression by hand: ridge for squared errors, and reweighted ridge for absolute ones. Pure.

The normal equations are a matrix of nine by nine, which Gaussian elimination solves in no time. Absolute errors are
had by iteration (IRLS): each row is weighted with one over its last error, so that a huge delay pulls as hard as a
small one. The intercept is not penalised.
"""
LOSSES = ["absolute", "squared"]

ITERATIONS = 8
SMALLEST_ERROR_MIN = 2.0  # below this an error no longer raises the weight


def solve(matrix, right):
    """x with matrix · x = right, by Gaussian elimination with row pivots."""
    size = len(right)
    rows = [[*matrix[i], right[i]] for i in range(size)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [below - factor * above for below, above in zip(rows[k], rows[i])]
    x = [0.0] * size
    for i in reversed(range(size)):
        x[i] = (rows[i][size] - sum(rows[i][j] * x[j] for j in range(i + 1, size))) / rows[i][i]
    return x


def predict(weights, features):
    """weights[0] is the intercept."""
    return weights[0] + sum(weight * value for weight, value in zip(weights[1:], features))


def fit(rows, loss, penalty):
    """The weights for (features, target) rows; deterministic, since rows are summed in their order."""
    weights = _fit_weighted(rows, [1.0] * len(rows), penalty)
    for _ in range(ITERATIONS if loss == "absolute" else 0):
        errors = [abs(target - predict(weights, features)) for features, target in rows]
        weights = _fit_weighted(rows, [1 / max(error, SMALLEST_ERROR_MIN) for error in errors], penalty)
    return weights


def mean_absolute_error(weights, rows):
    return sum(abs(target - predict(weights, features)) for features, target in rows) / len(rows)


def _fit_weighted(rows, row_weights, penalty):
    size = len(rows[0][0]) + 1
    matrix = [[0.0] * size for _ in range(size)]
    right = [0.0] * size
    for (features, target), row_weight in zip(rows, row_weights):
        values = (1.0, *features)
        for i in range(size):
            scaled = row_weight * values[i]
            right[i] += scaled * target
            line = matrix[i]
            for j in range(i + 1):
                line[j] += scaled * values[j]
    for i in range(size):
        for j in range(i):
            matrix[j][i] = matrix[i][j]
        matrix[i][i] += penalty if i else 0.0
    return solve(matrix, right)
