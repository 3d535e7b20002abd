"""What a training is: the record that, with the data, reproduces its weights."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from model.network.config import UNetConfig
from model.training.augment import Augmentation


@dataclass(frozen=True)
class Recipe:
    """A network and how to train it.

    Attributes:
        network: what to build.
        augmentation: how crops are made.
        loss: `maps` for the loss of all output maps, `binary` for plain cross-entropy.
        contacts: extra weight, in the loss of all output maps, of pixels where two nuclei are close to each other.
        steps: batches; the learning rate has fallen to nothing after the last.
        batch: crops in a batch.
        rate: highest learning rate, after `warmup` steps and until `hold` of all steps.
        warmup: steps from a rate of 0 to the highest.
        hold: share of all steps after which the rate begins to fall, along a cosine.
        decay: weight decay (AdamW).
        window: share of all steps that the running mean of the weights looks back on, which is what is kept; 0 keeps
            the last weights.
        balance: 1 draws images of all kinds alike, 0 draws all kinds equally often, however few images they have.
        taught: share of what is learnt that isn't labels but what the weights that it begins with see in the images
            from all sides (`model.training.teacher`).
        even: images that are drawn more often than others, for their kind is rare, are shown untouched no more often
            than these, so that the network doesn't learn them by heart.
        epoch: steps between two checkpoints and entries in the log.
        seed: of crops and first weights.
        then: how training goes on after that, from the weights that are kept; its network has the same levels, each as
            wide or wider.
    """

    network: UNetConfig = field(default_factory=UNetConfig)
    augmentation: Augmentation = field(default_factory=Augmentation)
    loss: Literal["maps", "binary"] = "maps"
    contacts: float = 4.0
    steps: int = 4200
    batch: int = 8
    rate: float = 2e-3
    warmup: int = 100
    hold: float = 0.5
    decay: float = 1e-4
    window: float = 0.12
    balance: float = 0.5
    even: bool = False
    taught: float = 0.0
    epoch: int = 50
    seed: int = 20181
    then: "Recipe | None" = None

    @property
    def parts(self) -> Iterator["Recipe"]:
        """This recipe and those that follow it."""
        yield self
        if self.then:
            yield from self.then.parts

    @property
    def last(self) -> "Recipe":
        """The part that ends the training."""
        return self.then.last if self.then else self

    @property
    def crops(self) -> Augmentation:
        """How crops are made of images: as many pixels as the network sees as `augmentation.crop`."""
        return replace(self.augmentation, crop=self.network.unzoomed(self.augmentation.crop))

    @property
    def total(self) -> int:
        """Batches of all parts."""
        return sum(part.steps for part in self.parts)


def adapt(
    recipe: Recipe,
    steps: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    seed: int | None = None,
) -> Recipe:
    """Return a recipe with so many steps in all, such batches, and this rate and seed to begin with.

    Its parts keep their proportions; what would be left without a step is left out.
    """
    rate = rate or recipe.rate
    seed = recipe.seed if seed is None else seed
    changed = replace(recipe, batch=batch or recipe.batch, rate=rate, seed=seed)
    steps = steps or recipe.total
    first = round(steps * recipe.steps / recipe.total)
    if recipe.then is None or first in (0, steps):
        return replace(changed, steps=steps, then=None)
    then_rate, then_seed = recipe.then.rate / recipe.rate * rate, recipe.then.seed - recipe.seed + seed
    return replace(changed, steps=first, then=adapt(recipe.then, steps - first, batch, then_rate, then_seed))


def in_turn(first: Recipe, *others: Recipe) -> Recipe:
    """Return one recipe of several, each of which goes on from the weights that the one before keeps."""
    return replace(first, then=in_turn(*others)) if others else first


WIDE = UNetConfig(widths=(32, 64, 128, 192, 256), zoom=(4, 3))
"""The shipped network, as it is before its norms are frozen."""

FROZEN = Recipe(
    network=replace(WIDE, frozen=True),
    augmentation=Augmentation(untouched=0.8, on_contact=0.35),
    contacts=8.0,
    rate=6e-4,
    balance=0.4,
)
"""What the parts that end the training have in common."""

NUQLEUS = in_turn(
    Recipe(),
    Recipe(augmentation=Augmentation(untouched=0.55), steps=3300, rate=1e-3, seed=20182),
    Recipe(
        network=UNetConfig(zoom=(4, 3)),
        augmentation=Augmentation(untouched=0.55),
        steps=800,
        rate=1e-3,
        warmup=50,
        hold=0.2,
        seed=20183,
    ),
    Recipe(
        network=UNetConfig(zoom=(4, 3)),
        augmentation=Augmentation(untouched=0.55, on_contact=0.5),
        contacts=8.0,
        steps=2400,
        rate=1.5e-3,
        warmup=50,
        hold=0.25,
        balance=0.4,
        seed=20184,
    ),
    Recipe(
        network=WIDE,
        augmentation=Augmentation(untouched=0.5, on_contact=0.35),
        contacts=8.0,
        steps=7000,
        hold=0.4,
        balance=0.4,
        seed=20185,
    ),
    replace(FROZEN, steps=6500, warmup=150, hold=1.0, window=1080 / 6500, seed=20186),
    replace(FROZEN, steps=12000, hold=0.3, window=0.08, even=True, seed=20187),
    replace(FROZEN, steps=8000, hold=0.3, window=0.1, even=True, taught=0.5, seed=20188),
)
"""How the shipped weights were made: learn what nuclei look like; then, with crops that are more like the images, how
these were annotated; then see everything enlarged; then look hardest where nuclei touch; then, wider, all of it for
longer; then, with frozen norms, mostly images as they are, after a while those of rare kinds no more often than others;
at last, beside the labels, what the network sees of them from all sides."""

NOTEBOOK = Recipe(
    network=UNetConfig(
        widths=(16, 32, 64, 128, 256),
        stride=1,
        outputs=("foreground",),
        roots=False,
        residual=False,
        canvas=128,
    ),
    loss="binary",
    steps=400,
    batch=16,
    rate=1e-3,
    warmup=1,
    hold=1.0,
    decay=0.0,
    window=0.0,
    balance=1.0,
)
"""The notebook this project grew from: every image resized to 128 × 128, one binary mask, base 16, no tricks."""

PRESETS = {"nuqleus": NUQLEUS, "notebook": NOTEBOOK}
"""What a new network can be."""

FINE_TUNE = Recipe(steps=300, rate=5e-4, warmup=30, hold=0.2)
"""From trained weights to a lab's own images: few steps, small ones; the network is that of the weights."""
