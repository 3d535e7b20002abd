"""Training recipe: the record that, with the data, reproduces the weights."""

from dataclasses import dataclass, field, replace
from typing import Literal

from model.network.config import UNetConfig
from model.training.augment import Augmentation


@dataclass(frozen=True)
class Stage:
    """One stage of a training: a network, its data augmentation, loss and optimizer.

    Attributes:
        network: what to build.
        augmentation: how crops are made.
        loss: `maps` for the loss of all output maps, `binary` for plain cross-entropy.
        contact_weight: extra weight, in the loss of all output maps, of pixels where two nuclei are close to each
            other.
        steps: batches; the learning rate has fallen to nothing after the last.
        batch_size: crops in a batch.
        learning_rate: the highest, after `warmup_steps` and until `hold_fraction` of all steps.
        warmup_steps: steps from a learning rate of 0 to the highest.
        hold_fraction: share of all steps after which the learning rate begins to fall, along a cosine.
        weight_decay: of AdamW.
        ema_fraction: share of all steps that the exponential moving average of the weights looks back on, which is
            what is kept; 0 keeps the last weights.
        blend: share of what is kept that the stage has learnt; the rest are the weights that it begins with. Between
            the two, networks forget less than they have learnt (Wortsman et al. 2022, *Robust fine-tuning of
            zero-shot models*).
        balance: 1 draws images of all kinds alike, 0 draws all kinds equally often, however few images they have.
        augment_oversampled: images that are drawn more often than others, for their kind is rare, are shown untouched
            no more often than these, so that the network doesn't memorise them.
        distillation_weight: share of the targets that isn't labels but what a teacher predicts: the weights that the
            stage begins with, see `model.training.teacher`.
        kinds: kinds of images that are learnt from, at their own size, if there are any of them; all if none are named.
        shares: how often images of each kind are drawn, instead of `balance`: (kind, share) pairs; kinds that aren't
            named are not drawn, unless there are no others. Within a kind, images are drawn by their weights.
        steps_per_epoch: steps between two checkpoints and entries in the log.
        seed: of crops and of random weights.
    """

    network: UNetConfig = field(default_factory=UNetConfig)
    augmentation: Augmentation = field(default_factory=Augmentation)
    loss: Literal["maps", "binary"] = "maps"
    contact_weight: float = 4.0
    steps: int = 4200
    batch_size: int = 8
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    hold_fraction: float = 0.5
    weight_decay: float = 1e-4
    ema_fraction: float = 0.12
    blend: float = 1.0
    balance: float = 0.5
    augment_oversampled: bool = False
    distillation_weight: float = 0.0
    kinds: tuple[str, ...] = ()
    shares: tuple[tuple[str, float], ...] = ()
    steps_per_epoch: int = 50
    seed: int = 20181

    @property
    def input_augmentation(self) -> Augmentation:
        """Augmentation of images as they are: a crop of this many pixels is as large as the network sees it."""
        return replace(self.augmentation, crop=self.network.unzoomed(self.augmentation.crop))


@dataclass(frozen=True)
class Recipe:
    """Recipe of a training: stages, each of which goes on from the weights that the one before keeps.

    Attributes:
        stages: in turn; the network of each has the same levels as the one before, each as wide or wider.
    """

    stages: tuple[Stage, ...]

    @property
    def steps(self) -> int:
        """Batches of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def network(self) -> UNetConfig:
        """The network that the training ends with."""
        return self.stages[-1].network


def adapt(
    recipe: Recipe,
    *,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    blend: float | None = None,
) -> Recipe:
    """Return a recipe with this many steps in all, such batches, and this learning rate and seed to begin with.

    Its stages keep their proportions; what would be left without a step is left out. Each keeps the share `blend` of
    what it learns.
    """
    first = recipe.stages[0]
    faster = 1.0 if learning_rate is None else learning_rate / first.learning_rate
    seeds_further = 0 if seed is None else seed - first.seed
    stages = (
        replace(
            stage,
            steps=shared,
            batch_size=batch_size or stage.batch_size,
            learning_rate=stage.learning_rate * faster,
            seed=stage.seed + seeds_further,
            blend=blend or stage.blend,
        )
        for stage, shared in zip(recipe.stages, _share_out(recipe, steps or recipe.steps), strict=True)
    )
    return Recipe(tuple(stage for stage in stages if stage.steps))


def _share_out(recipe: Recipe, steps: int) -> list[int]:
    """Share this many steps out in proportion; a stage that would have none has all that are left, and is the last."""
    left, shares = recipe.steps, []
    for stage in recipe.stages:
        shares.append(round(steps * stage.steps / left) or steps)
        steps, left = steps - shares[-1], left - stage.steps
    return shares


DSB2018 = ("fluo-small", "fluo-large", "grayscale-brightfield", "purple-on-purple", "purple-on-white")
"""Kinds of images of the 2018 Data Science Bowl."""

WIDE = UNetConfig(widths=(32, 64, 128, 192, 256), zoom=(4, 3))
"""The shipped network, as it is before its norms are frozen."""

FROZEN = Stage(
    network=replace(WIDE, frozen=True),
    augmentation=Augmentation(untouched=0.8, on_contact=0.35),
    contact_weight=8.0,
    learning_rate=6e-4,
    balance=0.4,
    kinds=DSB2018,
)
"""What the stages that end the training have in common."""

ALL_LABS = replace(
    FROZEN,
    kinds=(),
    augmentation=Augmentation(
        untouched=0.6,
        on_contact=0.3,
        scale=(0.6, 2.0),
        diameters=(10.0, 80.0),
        stain=0.1,
        invert=0.0,
        artefacts=0.4,
    ),
    steps=3700,
    hold_fraction=0.3,
    ema_fraction=0.08,
    blend=0.6,
    augment_oversampled=True,
    shares=(
        *zip(DSB2018, (0.13, 0.06, 0.04, 0.08, 0.05), strict=True),
        ("s_bsst265", 0.16),
        ("aitslab1", 0.09),
        ("bbbc050", 0.08),
        ("bbbc039", 0.03),
        ("nuinsseg", 0.13),
        ("deepliif_sample", 0.01),
        ("synthetic-ihc", 0.08),
        ("empty", 0.06),
    ),
    seed=20189,
)
"""Nuclei of other laboratories, stains and sizes, none of which may outweigh the others."""

ALL_LABS_LONGER = replace(
    ALL_LABS,
    augmentation=replace(ALL_LABS.augmentation, untouched=0.7, artefacts=0.25),
    steps=6000,
    learning_rate=5e-4,
    blend=0.5,
    shares=(
        *zip(DSB2018, (0.17, 0.06, 0.04, 0.09, 0.05), strict=True),
        ("s_bsst265", 0.17),
        ("aitslab1", 0.09),
        ("bbbc050", 0.10),
        ("bbbc039", 0.02),
        ("nuinsseg", 0.11),
        ("deepliif_sample", 0.01),
        ("synthetic-ihc", 0.05),
        ("empty", 0.04),
    ),
    seed=20190,
)
"""The same for longer, with more crops as they are, and more of those small nuclei that the stage before forgot."""

NUQLEUS = Recipe(
    (
        Stage(kinds=DSB2018),
        Stage(
            kinds=DSB2018,
            augmentation=Augmentation(untouched=0.55),
            steps=3300,
            learning_rate=1e-3,
            seed=20182,
        ),
        Stage(
            kinds=DSB2018,
            network=UNetConfig(zoom=(4, 3)),
            augmentation=Augmentation(untouched=0.55),
            steps=800,
            learning_rate=1e-3,
            warmup_steps=50,
            hold_fraction=0.2,
            seed=20183,
        ),
        Stage(
            kinds=DSB2018,
            network=UNetConfig(zoom=(4, 3)),
            augmentation=Augmentation(untouched=0.55, on_contact=0.5),
            contact_weight=8.0,
            steps=2400,
            learning_rate=1.5e-3,
            warmup_steps=50,
            hold_fraction=0.25,
            balance=0.4,
            seed=20184,
        ),
        Stage(
            kinds=DSB2018,
            network=WIDE,
            augmentation=Augmentation(untouched=0.5, on_contact=0.35),
            contact_weight=8.0,
            steps=7000,
            hold_fraction=0.4,
            balance=0.4,
            seed=20185,
        ),
        replace(
            FROZEN, steps=6500, warmup_steps=150, hold_fraction=1.0, ema_fraction=1080 / 6500, seed=20186
        ),
        replace(
            FROZEN,
            steps=12000,
            hold_fraction=0.3,
            ema_fraction=0.08,
            augment_oversampled=True,
            seed=20187,
        ),
        replace(
            FROZEN,
            steps=8000,
            hold_fraction=0.3,
            ema_fraction=0.1,
            augment_oversampled=True,
            distillation_weight=0.5,
            seed=20188,
        ),
        ALL_LABS,
        ALL_LABS_LONGER,
    )
)
"""How the shipped weights were made: learn what nuclei look like; then, with crops that are more like the images, how
these were annotated; then see everything enlarged; then look hardest where nuclei touch; then, wider, all of it for
longer; then, with frozen norms, mostly images as they are, after a while those of rare kinds no more often than others;
then, beside the labels, what the network sees of them from all sides; all that from one collection, and at last, twice,
from those of all laboratories."""

NOTEBOOK = Recipe(
    (
        Stage(
            network=UNetConfig(
                widths=(16, 32, 64, 128, 256),
                stride=1,
                outputs=("foreground",),
                sqrt_channels=False,
                residual=False,
                resize_to=128,
            ),
            loss="binary",
            steps=400,
            batch_size=16,
            learning_rate=1e-3,
            warmup_steps=1,
            hold_fraction=1.0,
            weight_decay=0.0,
            ema_fraction=0.0,
            balance=1.0,
        ),
    )
)
"""The notebook this project grew from: every image resized to 128 × 128, one binary mask, base 16, no tricks."""

PRESETS = {"nuqleus": NUQLEUS, "notebook": NOTEBOOK}
"""What a new network can be."""

FINE_TUNE = Stage(steps=300, learning_rate=5e-4, warmup_steps=30, hold_fraction=0.2, blend=0.75)
"""From trained weights to a lab's own images: few steps, small ones, and not all of what they bring; the network is
that of the weights."""
