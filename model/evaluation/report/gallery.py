"""The images of the report, worst first, each with its figures, its true nuclei and those that were found."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from model.evaluation.matching import THRESHOLDS
from model.evaluation.report.cases import Case
from model.evaluation.report.markup import spaced, tag
from model.evaluation.report.mistakes import Fate
from model.evaluation.report.tables import SHOWN, make_swatch, name_of


def make_gallery(cases: Sequence[Case]) -> list[Element]:
    """Return a figure for each case, in their order."""
    return [_make_figure(rank, case) for rank, case in enumerate(cases, 1)]


def make_filter(kinds: Sequence[str]) -> list[Element]:
    """Return what the gallery can be filtered and sorted by; kinds only where there are several."""
    mistakes = [(name_of(fate), f"most {name_of(fate)} first") for fate in Fate if fate is not Fate.MATCHED]
    order = _make_choice("Order", "order", [("", "worst score first"), *mistakes])
    kind = _make_choice("Kind", "kind", [("", "all"), *((kind, kind) for kind in kinds)])
    return [*([kind] if kinds else []), order, tag("output")]


def _make_choice(label: str, name: str, options: Sequence[tuple[str, str]]) -> Element:
    choices = [tag("option", text, value=value) for value, text in options]
    return tag("label", f"{label} ", tag("select", *choices, name=name))


def _make_figure(rank: int, case: Case) -> Element:
    marked = case.tally.truth + case.tally.found
    counts = {f"data-{name_of(fate)}": marked[fate] for fate in Fate}
    return tag(
        "figure",
        _make_caption(rank, case),
        tag("div", *_make_panels(case), class_="panels"),
        id=f"image-{rank}",
        data_kind=case.score.kind,
        style=f"--image:url({case.pictures.image});--ratio:{case.size[1]}/{case.size[0]}",
        **counts,
    )


def _make_caption(rank: int, case: Case) -> Element:
    score, (height, width) = case.score, case.size
    return tag(
        "figcaption",
        tag("h3", tag("span", f"{rank}", class_="rank"), " ", score.name),
        tag("p", f"{score.kind}, {width} × {height} px", class_="what"),
        tag("p", *spaced(_make_scores(case)), class_="scores"),
    )


def _make_scores(case: Case) -> list[Element]:
    agreement = case.score.agreement
    precision = dict(zip((f"{t:.2f}" for t in THRESHOLDS), agreement.precision, strict=True))
    return [
        tag("span", "DSB ", tag("b", f"{agreement.score:.3f}")),
        *(tag("span", f"AP {t} ", tag("b", f"{precision[t]:.2f}")) for t in SHOWN),
        tag("span", "IoU ", tag("b", f"{agreement.foreground_iou:.2f}")),
        tag("span", "Dice ", tag("b", f"{agreement.foreground_dice:.2f}")),
    ]


def _make_panels(case: Case) -> list[Element]:
    name, pictures, counts = case.score.name, case.pictures, case.tally
    return [
        _make_panel(f"{name}: the image", [tag("span", "image")]),
        _make_panel(f"{name}: the true nuclei", _make_counts("truth", counts.truth), pictures.truth),
        _make_panel(f"{name}: the nuclei found", _make_counts("ours", counts.found), pictures.found),
    ]


def _make_panel(description: str, caption: Sequence[Element], layer: str | None = None) -> Element:
    picture = tag("div", role="img", aria_label=description, class_="picture")
    if layer is not None:
        picture.set("style", f"--layer:url({layer})")
    return tag("div", picture, tag("p", *spaced(caption), class_="counts"))


def _make_counts(whose: str, counts: NDArray[np.int64]) -> list[Element]:
    marks = [
        tag("span", make_swatch(fate), f"{counts[fate]} {name_of(fate)}") for fate in Fate if counts[fate]
    ]
    return [tag("span", f"{whose}: {counts.sum()}"), *marks]
