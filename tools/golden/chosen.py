"""What the layers of a model choose to attend to."""

import contextlib

import numpy as np
import torch


@contextlib.contextmanager
def leads():
    """Watch by how much the last key chosen leads the first one left, as a part of the largest score,
    in the runs within: a list of the least of every choice."""
    found, topk = [], torch.Tensor.topk

    def watched(scores, k, *rest, **kw):
        if scores.dim() == 3 and scores.shape[1] == scores.shape[2] and k < scores.shape[2]:  # (1, T, T)
            best = topk(scores, k + 1).values
            seen = best[best[..., k] > -1e30]  # rows with more than k keys
            if len(seen):
                largest = scores[scores > -1e30].abs().max()
                found.append(float((seen[:, k - 1] - seen[:, k]).min() / largest))
        return topk(scores, k, *rest, **kw)

    torch.Tensor.topk = watched
    try:
        yield found
    finally:
        torch.Tensor.topk = topk


def least_lead(run) -> float:
    """Of all choices in run(); infinity where nothing is chosen."""
    with leads() as found:
        run()
    return min(found, default=np.inf)
