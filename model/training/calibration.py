"""Logistic regression of matches on what the maps say of nuclei, and how well it is calibrated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.segmentation.confidence import Features
from model.weights.calibration import Calibration

RIDGE = 1e-3
"""Penalty on the square of standardised weights, per nucleus."""

ITERATIONS = 50


def fit_calibration(
    features: Features, matched: NDArray[np.bool_], weights: NDArray[np.float64] | None = None
) -> Calibration:
    """Fit the probability of a match, by Newton's method.

    Args:
        features: (N, features).
        matched: whether each nucleus matches a true one: (N,).
        weights: how much each nucleus counts: (N,); by default all alike.
    """
    weights = np.ones(len(matched)) if weights is None else weights * (len(weights) / weights.sum())
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    columns = np.column_stack(((features - mean) / scale, np.ones(len(matched))))
    fitted = np.zeros(columns.shape[1])
    penalty = RIDGE * len(matched) * np.append(np.ones(features.shape[1]), 0.0)
    for _ in range(ITERATIONS):
        likely = 1 / (1 + np.exp(-np.clip(columns @ fitted, -30, 30)))
        gradient = columns.T @ (weights * (likely - matched)) + penalty * fitted
        curvature = (columns * (weights * np.maximum(likely * (1 - likely), 1e-9))[:, None]).T @ columns
        fitted -= np.linalg.solve(curvature + np.diag(penalty + 1e-9), gradient)
    slopes = fitted[:-1] / scale
    return Calibration(tuple(float(s) for s in slopes), float(fitted[-1] - slopes @ mean))


@dataclass(frozen=True)
class ReliabilityBin:
    """Bin of a reliability diagram: nuclei of about the same confidence, how many, its mean, the share that matches."""

    nuclei: int
    confidence: float
    matched: float


def reliability_curve(
    confidence: NDArray[np.float32], matched: NDArray[np.bool_], bins: int = 10
) -> list[ReliabilityBin]:
    """Return what became of nuclei by their confidence, in equal ranges of it (DeGroot and Fienberg 1983)."""
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    groups = [number == i for i in range(bins)]
    return [
        ReliabilityBin(int(group.sum()), float(confidence[group].mean()), float(matched[group].mean()))
        for group in groups
        if group.any()
    ]


def calibration_error(curve: list[ReliabilityBin]) -> float:
    """Return the mean difference between confidence and truth, weighted by nuclei (expected calibration error)."""
    total = sum(part.nuclei for part in curve)
    return sum(part.nuclei * abs(part.confidence - part.matched) for part in curve) / max(total, 1)
