"""Fine-tuning data: a lab's own images, among them crops of what the network has learnt from before."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from model.training.collection import show_at_zooms
from model.training.dataset import Example
from model.training.recipe import Recipe
from model.training.rehearsal.crops import Crop
from model.training.session import TrainingStart
from model.training.training_data import TrainingData

SHARE = 0.5
"""Share of what is shown that is rehearsed, unless somebody asks for another."""

REHEARSED = "rehearsed"
"""Kind of the crops that are measured on, and beginning of the kinds of those that are learnt from."""


def rehearse(
    start: TrainingStart, data: TrainingData, crops: Sequence[Crop], share: float
) -> tuple[TrainingStart, TrainingData]:
    """Return the start and the data of a fine-tuning that shows other images too, so that they are not forgotten.

    Args:
        start: of a fine-tuning of weights that know diameters.
        data: the lab's images.
        crops: of what the weights have learnt from.
        share: how many of all crops that are drawn are such crops, 0..1; with 0 they are neither shown nor measured on.
    """
    crops = crops if share else ()
    new = data.train if data.diameters else list(chain.from_iterable(map(show_at_zooms, data.train)))
    known = [
        replace(crop.to_example(), kind=f"{REHEARSED} {crop.kind}") for crop in crops if not crop.held_out
    ]
    measured = [replace(crop.to_example(), kind=REHEARSED) for crop in crops if crop.held_out]
    shares = _shares(data.train, known, share, start.recipe.stages[0].balance)
    stages = tuple(replace(stage, shares=shares) for stage in start.recipe.stages)
    mixed = replace(
        data,
        train=[*new, *known],
        val=[*data.val, *measured],
        description={
            **data.description,
            "rehearsed": {"train": len(known), "val": len(measured), "share": share},
        },
        diameters=start.diameters,
    )
    return replace(start, recipe=Recipe(stages)), mixed


def _shares(
    new: Sequence[Example], known: Sequence[Example], share: float, balance: float
) -> tuple[tuple[str, float], ...]:
    """Return how often each kind is drawn, new ones balanced as `Stage.balance` says, known ones by their number."""
    balanced = {kind: count**balance for kind, count in Counter(example.kind for example in new).items()}
    counts = Counter(example.kind for example in known)
    return tuple(
        (kind, part * count / sum(group.values()))
        for group, part in ((balanced, 1 - share), (counts, share))
        for kind, count in sorted(group.items())
        if part
    )
