"""The drawing process: takes requests from its standard input and answers on its standard output."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from model.errors import ModelError
from model.labels.overview import draw_small
from nuqleus.errors import NuqleusError
from web.drawing.folder import Folder
from web.drawing.limits import limit_process
from web.drawing.pictures import draw_cutout, draw_outlines, draw_tile, mix
from web.drawing.sources import Sources
from web.messages import DrawingMessage, pack, unpack

Request = Mapping[str, Any]


class Drawer:
    """Drawer of pictures: answers requests.

    Args:
        sources: of pixels and labels.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._does: dict[str, Callable[[Request, Sequence[bytes]], DrawingMessage]] = {
            "tile": self._tile,
            "outlines": self._outlines,
            "label": self._label,
            "cutout": self._cutout,
            "overview": self._overview,
        }

    def answer(self, request: Request, parts: Sequence[bytes]) -> DrawingMessage:
        """Draw what is asked for, or say why it can't be drawn."""
        try:
            return self._does[request["do"]](request, parts)
        except (ModelError, NuqleusError) as error:
            return {"problem": str(error)}, []
        except OSError as error:
            return {"problem": self._sources.folder.explain(error)}, []
        except MemoryError:
            return {"problem": "The image is too large to be shown."}, []

    def _tile(self, request: Request, _: Sequence[bytes]) -> DrawingMessage:
        with self._sources.view(request["image"]) as view:
            return {}, [draw_tile(view, request["place"], request["shown"])]

    def _outlines(self, request: Request, parts: Sequence[bytes]) -> DrawingMessage:
        return {}, [draw_outlines(self._labels(request, parts), request["colours"])]

    def _label(self, request: Request, parts: Sequence[bytes]) -> DrawingMessage:
        return {"label": int(self._labels(request, parts)[0, 0])}, []

    def _cutout(self, request: Request, parts: Sequence[bytes]) -> DrawingMessage:
        labels, place = self._labels(request, parts), request["place"]
        pixels = None
        if request["image"]:
            rows, columns = slice(place["top"], place["bottom"]), slice(place["left"], place["right"])
            with self._sources.view(request["image"]) as view:
                pixels = mix(view.region(rows, columns, 1), view, request["shown"])
        return {}, [draw_cutout(pixels, labels, request["label"], request["side"])]

    def _overview(self, request: Request, parts: Sequence[bytes]) -> DrawingMessage:
        labels, place = self._labels(request, parts), request["place"]
        with self._sources.view(request["image"]) as view:
            pixels = view.region(slice(0, place["bottom"]), slice(0, place["right"]), place["step"])
            return {}, [draw_small(pixels, labels, colour=view.plane.colour)]

    def _labels(self, request: Request, parts: Sequence[bytes]) -> Any:
        return self._sources.labels(request["image_id"], request["blocks"], parts, request["place"])


def main() -> None:
    """Answer until nobody asks any more."""
    limit_process()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    options = json.loads(sys.argv[1])
    folder = Folder(Path(options["folder"]), options["links_may_leave"])
    drawer = Drawer(Sources(folder, options["max_pixels"]))
    while True:
        try:
            request, parts = unpack(_reader(sys.stdin.buffer))
        except EOFError:
            return
        answers.write(pack(*drawer.answer(request, parts)))
        answers.flush()


def _reader(stream: IO[bytes]) -> Callable[[int], bytes]:
    def read(length: int) -> bytes:
        data = stream.read(length)
        if len(data) < length:
            raise EOFError
        return data

    return read


if __name__ == "__main__":
    main()
