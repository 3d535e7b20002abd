"""Plots: how measurements are distributed, and which nuclei are in a bin."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nuqleus.database.queries.distributions import Counting, Distribution
from nuqleus.database.queries.image_pages import paths_of_images
from nuqleus.database.queries.nuclei import DNA_CONTENT, INTENSITIES, SHAPES
from nuqleus.database.queries.nuclei_search import find_nuclei
from nuqleus.database.queries.plotted_values import Limits
from web import plots, query
from web.computations import Computation
from web.plot_question import CHOICES, NAMES, PlotQuestion, read_question
from web.plot_texts import list_beyond, list_bins, name_axis, name_bins, summarise
from web.site import render, site_of
from web.templates import with_query

CSV_SECONDS = 20.0
"""How long a table is waited for that is still being made."""


def show_plots(request: Request) -> Response:
    """The page: what to plot, and the plot, which comes when it is there."""
    chosen = {name: request.query_params.get(name, "") for name in CHOICES}
    read_question(request.query_params)
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
    question = _question(request)
    computation = _computation(request, question)
    if computation is None or not computation.ended.is_set():
        progress = computation.progress if computation else 0.0
        return _goes_on(render(request, "plot_progress.html", progress=progress))
    if computation.result is None:
        return _goes_on(render(request, "plot.html", found=None, trouble=computation.trouble))
    if not computation.result.ranges:
        return render(request, "plot.html", found=None, trouble=None)
    return _plot(request, question, computation.result, computation.as_of)


def _goes_on(response: Response) -> Response:
    """Let the page ask again."""
    response.headers["x-unfinished"] = "1"
    return response


def show_csv(request: Request) -> Response:
    """The numbers of the plot, as a table; what lies beyond a range has one limit alone."""
    question = _question(request)
    computation = _computation(request, question)
    if computation is None or not computation.ended.wait(CSV_SECONDS) or computation.result is None:
        raise HTTPException(
            503,
            (computation and computation.trouble) or "The numbers are being counted; try again in a moment.",
        )
    text = io.StringIO()
    writer = csv.writer(text)
    names = [f"{axis.measurement}_{end}" for axis in question.axes for end in ("from", "to")]
    writer.writerow([*names, "nuclei"])
    for bins, count in sorted(computation.result.counts.items()):
        parts = zip(bins, computation.result.ranges, strict=True)
        writer.writerow([*(limit for number, part in parts for limit in part.limits(number)), count])
    headers = {"content-disposition": 'attachment; filename="nuclei.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def show_nuclei(request: Request) -> Response:
    """A sheet of cut-outs: the nuclei of a bin."""
    given = request.query_params
    question = read_question(given)
    limits = [
        Limits(axis, query.real_number(given, f"{name}_from"), query.real_number(given, f"{name}_to"))
        for axis, name in zip(question.axes, NAMES, strict=False)
    ]
    after = (query.number(given, "after_image") or 0, query.number(given, "after_label") or 0)
    found, go_on = find_nuclei(site_of(request).engine, question.nucleus_filter, limits, after)
    paths = paths_of_images(site_of(request).engine, {image for image, _ in found})
    onward = None
    if go_on:
        onward = with_query("/nuclei", dict(given), after_image=go_on[0], after_label=go_on[1])
    return render(
        request,
        "nuclei.html",
        found=[(image, label, paths[image]) for image, label in found if image in paths],
        onward=onward,
        limits=limits,
        plot=with_query("/plots", _chosen(request)) if limits else None,
    )


def _question(request: Request) -> PlotQuestion:
    question = read_question(request.query_params)
    if not question.axes:
        raise query.refuse("x", "a measurement")
    return question


def _computation(request: Request, question: PlotQuestion) -> Computation[Distribution] | None:
    counting = Counting(
        site_of(request).engine,
        question.axes,
        question.nucleus_filter,
        question.bins,
        question.spans,
        question.exact,
    )

    def count(progress: Callable[[float], None]) -> Distribution:
        return replace(counting, progress=progress).count()

    return site_of(request).plots.ask(question, count)


def _plot(request: Request, question: PlotQuestion, found: Distribution, as_of: float) -> Response:
    axes, named = plots.axes(found), name_bins(question.axes, found)
    draw = plots.cells if len(question.axes) == len(NAMES) else plots.bars
    chosen, given = _chosen(request), dict(request.query_params)
    return render(
        request,
        "plot.html",
        found=found,
        as_of=as_of,
        boxes=list(draw(found, axes, named)),
        names=[name_axis(axis) for axis in question.axes],
        area=plots,
        axes=axes,
        listed=list_bins(found, named),
        beyond=list_beyond(found, named),
        summary=summarise(question.axes, found),
        sheet=with_query("/nuclei", chosen),
        csv=with_query("/plots.csv", given),
        exact=with_query("/plots", given, exact="1"),
        kept=with_query("/plots", given, **_ends(found)),
    )


def _chosen(request: Request) -> dict[str, str | None]:
    """The parameters of a URL that say what is plotted."""
    return {name: request.query_params.get(name) for name in CHOICES}


def _ends(found: Distribution) -> dict[str, float]:
    """The parameters that keep the axes as they are."""
    return {
        f"{name}_{end}": value
        for name, part in zip(NAMES, found.ranges, strict=False)
        for end, value in (("low", part.low), ("high", part.high))
    }


ROUTES = [
    Route("/plots", show_plots),
    Route("/plots/part", show_part),
    Route("/plots.csv", show_csv),
    Route("/nuclei", show_nuclei),
]
