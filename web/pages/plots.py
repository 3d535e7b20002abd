"""Plots: how measurements are distributed, and which nuclei are in a bin."""

import csv
import io
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nuqleus.database.queries.distributions import (
    Axis,
    Counting,
    Distribution,
    Limits,
    Range,
    Selection,
    find_nuclei,
)
from nuqleus.database.queries.image_pages import paths_of_images
from nuqleus.database.queries.nuclei import DNA_CONTENT, INTENSITIES, SHAPES
from web import plots, query
from web.computations import Computation
from web.site import render, site_of
from web.templates import figure, with_query, words

HISTOGRAM_BINS, SCATTER_BINS = (60,), (40, 28)

CSV_SECONDS = 20.0
"""How long a table is waited for that is still being made."""

CHOICES = ("x", "x_channel", "y", "y_channel", "path", "plate", "well", "confidence")
"""Parameters that say what is plotted."""


def show_plots(request: Request) -> Response:
    """The page: what to plot, and the plot, which comes when it is there."""
    chosen = {name: request.query_params.get(name, "") for name in CHOICES}
    axes_of(request)
    selection_of(request)
    part = with_query("/plots/part", dict(request.query_params)) if chosen["x"] else None
    return render(
        request,
        "plots.html",
        chosen=chosen,
        part=part,
        shapes=SHAPES,
        intensities=INTENSITIES,
        dna=[DNA_CONTENT],
    )


def show_part(request: Request) -> Response:
    """The plot, or how far it is."""
    computation = _computation(request)
    if computation is None:
        return render(request, "plot_progress.html", 200, progress=0.0)
    if not computation.ended.is_set():
        response = render(request, "plot_progress.html", progress=computation.progress)
        response.headers["x-unfinished"] = "1"
        return response
    return _plot(request, computation)


def show_csv(request: Request) -> Response:
    """The numbers of the plot, as a table."""
    computation = _computation(request)
    if computation is None or not computation.ended.wait(CSV_SECONDS) or computation.answer is None:
        raise HTTPException(
            503,
            (computation and computation.trouble) or "The numbers are being counted; try again in a moment.",
        )
    text = io.StringIO()
    writer = csv.writer(text)
    names = [
        name for axis in axes_of(request) for name in (f"{axis.measurement}_from", f"{axis.measurement}_to")
    ]
    writer.writerow([*names, "nuclei"])
    for bins, count in sorted(computation.answer.counts.items()):
        edges = [
            edge
            for number, part in zip(bins, computation.answer.ranges, strict=True)
            for edge in (part.edge(number), part.edge(number + 1))
        ]
        writer.writerow([*edges, count])
    headers = {"content-disposition": 'attachment; filename="nuclei.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def show_nuclei(request: Request) -> Response:
    """A sheet of cut-outs: the nuclei of a bin."""
    given = request.query_params
    axes = axes_of(request)
    limits = [
        Limits(axis, query.figure(given, f"{name}_from"), query.figure(given, f"{name}_to"))
        for axis, name in zip(axes, ("x", "y"), strict=False)
    ]
    after = (query.number(given, "after_image") or 0, query.number(given, "after_label") or 0)
    found, go_on = find_nuclei(site_of(request).engine, selection_of(request), limits, after)
    paths = paths_of_images(site_of(request).engine, {image for image, _ in found})
    onward = None
    if go_on:
        onward = with_query("/nuclei", dict(given), after_image=go_on[0], after_label=go_on[1])
    kept = {name: given.get(name) for name in CHOICES}
    return render(
        request,
        "nuclei.html",
        found=[(image, label, paths[image]) for image, label in found if image in paths],
        onward=onward,
        limits=limits,
        plot=with_query("/plots", kept) if axes else None,
    )


def axes_of(request: Request) -> list[Axis]:
    """The measurements of a URL: none, one or two.

    Raises:
        HTTPException: there is no such measurement.
    """
    given, axes = request.query_params, []
    for name in ("x", "y"):
        measurement = query.word(given, name)
        if measurement is None:
            break
        if measurement not in {*SHAPES, *INTENSITIES, DNA_CONTENT}:
            raise query.refuse(name, "a measurement")
        axes.append(Axis(measurement, query.number(given, f"{name}_channel", most=999) or 0))
    return axes


def selection_of(request: Request) -> Selection:
    """Which nuclei a URL is about."""
    given = request.query_params
    return Selection(
        query.word(given, "path"),
        query.number(given, "plate"),
        query.number(given, "well"),
        query.figure(given, "confidence"),
    )


def _computation(request: Request) -> Computation[Distribution] | None:
    axes, selection = axes_of(request), selection_of(request)
    if not axes:
        raise query.refuse("x", "a measurement")
    exact = bool(request.query_params.get("exact"))
    bins = SCATTER_BINS if len(axes) == 2 else HISTOGRAM_BINS
    engine = site_of(request).engine

    def count(progress: Callable[[float], None]) -> Distribution:
        return Counting(engine, axes, selection, bins, exact, progress).count()

    return site_of(request).plots.ask((tuple(axes), selection, exact), count)


def _plot(request: Request, computation: Computation[Distribution]) -> Response:
    found, axes = computation.answer, axes_of(request)
    if found is None or not found.ranges:
        return render(request, "plot.html", found=None, trouble=computation.trouble)
    is_scatter = len(axes) == 2
    boxes = list(plots.cells(found) if is_scatter else plots.bars(found))
    y_range = found.ranges[1] if is_scatter else None
    given = dict(request.query_params)
    return render(
        request,
        "plot.html",
        found=found,
        trouble=None,
        boxes=boxes,
        axes=axes,
        area=plots,
        x_ticks=plots.x_ticks(found.ranges[0]),
        y_ticks=plots.y_ticks(y_range.low, y_range.high)
        if y_range
        else plots.y_ticks(0, max(found.counts.values())),
        parts=_parts(request, found),
        sheet=with_query("/nuclei", {name: given.get(name) for name in CHOICES}),
        csv=with_query("/plots.csv", given),
        exact=with_query("/plots", given, exact="1"),
    )


def _parts(request: Request, found: Distribution) -> list[list[tuple[str, str]]]:
    """Of each bin of each axis: what is said of it, and what limits a URL to it; the highest value is in the last."""
    return [
        [_part(name, axis, part, number) for number in range(part.bins)]
        for name, axis, part in zip(("x", "y"), axes_of(request), found.ranges, strict=False)
    ]


def _part(name: str, axis: Axis, part: Range, number: int) -> tuple[str, str]:
    low, high = part.edge(number), part.edge(number + 1)
    text = f"{words(axis.measurement)} {figure(low)} to {figure(high)}"
    limits = {
        f"{name}_from": low if number else None,
        f"{name}_to": high if number + 1 < part.bins else None,
    }
    return text, with_query("", limits).replace("?", "&")


ROUTES = [
    Route("/plots", show_plots),
    Route("/plots/part", show_part),
    Route("/plots.csv", show_csv),
    Route("/nuclei", show_nuclei),
]
