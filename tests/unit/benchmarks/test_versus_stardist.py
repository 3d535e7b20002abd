"""The parts of the comparison that need no StarDist."""

import json
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from benchmarks import head_to_head, versus_stardist
from benchmarks.head_to_head import Labelled, Race, Spread
from benchmarks.stardist_side import Training, augment, pad
from model.labels.label_files import write_label_image

TRAINING = Training(60.0, 40, 5.0, {"prob": 0.5, "nms": 0.4}, 2, 1, {"stardist": "0.9.2"})


def two_squares() -> np.ndarray:
    labels = np.zeros((40, 60), np.int32)
    labels[5:15, 5:15], labels[20:30, 30:40] = 1, 2
    return labels


def labelled(kind: str = "grayscale-brightfield") -> Labelled:
    labels = two_squares()
    return Labelled(f"a {kind} one", kind, (labels > 0).astype(np.uint8)[..., None] * 255, labels)


def silent(items, _what):
    return iter(items)


def shown(*tables) -> str:
    """On a terminal of the usual width."""
    console = Console(file=StringIO(), width=80)
    console.print(*tables)
    return console.file.getvalue()


def row(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


class TestRace:
    def test_speeds_are_megapixels_per_second_and_the_ratio_says_how_many_times_faster_the_first_is(self):
        result = Race(("ours", "theirs"), 2_000_000, [(0.5, 2.0), (1.0, 1.0)])

        assert result.speeds == [(4.0, 1.0), (2.0, 2.0)]
        assert result.ratios == [4.0, 1.0]

    def test_sides_alternate_and_who_begins_changes(self):
        calls = []
        sides = {
            "ours": lambda _pixels: calls.append("ours"),
            "theirs": lambda _pixels: calls.append("theirs"),
        }

        result = head_to_head.race([labelled(), labelled()], sides, 2, silent)

        assert calls == ["ours", "ours", "theirs", "theirs", "theirs", "theirs", "ours", "ours"]
        assert (result.names, len(result.seconds), result.pixels) == (("ours", "theirs"), 2, 2 * 40 * 60)

    def test_seconds_belong_to_the_side_whatever_the_order(self, monkeypatch: pytest.MonkeyPatch):
        clock = [0.0]
        monkeypatch.setattr(head_to_head.time, "perf_counter", lambda: clock[0])

        def taking(seconds: float):
            return lambda _pixels: clock.__setitem__(0, clock[0] + seconds)

        result = head_to_head.race([labelled()], {"ours": taking(1), "theirs": taking(3)}, 2, silent)

        assert result.seconds == [(1, 3), (1, 3)]

    def test_the_table_ends_with_the_spread(self):
        text = shown(head_to_head.race_table(Race(("ours", "theirs"), 1_000_000, [(1, 2), (1, 3), (1, 7)])))

        assert row(text, "2") == ["2", "1.00", "0.33", "3.00"]
        assert row(text, "least") == ["least", "1.00", "0.14", "2.00"]
        assert row(text, "median") == ["median", "1.00", "0.33", "3.00"]
        assert row(text, "largest") == ["largest", "1.00", "0.50", "7.00"]


def test_the_spread_is_the_least_the_middle_and_the_largest():
    assert head_to_head.spread([3.0, 1.0, 2.5, 9.0]) == Spread(1.0, 2.75, 9.0)


class TestAccuracy:
    def test_both_are_scored_alike_per_kind(self):
        images = [labelled("gray"), labelled("purple")]

        perfect = head_to_head.score(images, lambda pixels: two_squares(), silent, "")
        half = head_to_head.score(images, lambda pixels: two_squares() == 1, silent, "")

        assert [(summary.kind, summary.dsb) for summary in perfect] == [
            ("all", 1.0),
            ("gray", 1.0),
            ("purple", 1.0),
        ]
        assert [summary.average_precision["0.90"] for summary in half] == [0.5, 0.5, 0.5]

    def test_one_table_holds_both(self):
        images = [labelled("grayscale-brightfield"), labelled("purple")]
        ours = head_to_head.score(images, lambda pixels: two_squares(), silent, "")
        poor = {"0.50": 0.5, "0.70": 0.3, "0.90": 0.1}
        theirs = [replace(row, dsb=0.25, average_precision=poor) for row in ours]

        text = shown(head_to_head.accuracy_table({"nuqleus": ours, "StarDist": theirs}))

        perfect = ["nuqleus", "1.000", "1.000", "1.000", "1.000"]
        assert row(text, "all") == ["all", "2", "4", *perfect]
        assert row(text, "grayscale-brightfield") == ["grayscale-brightfield", "1", "2", *perfect]
        assert row(text, "StarDist") == ["StarDist", "0.250", "0.500", "0.300", "0.100"]


def write_image(folder: Path, name: str, kind: str, group: str = "") -> None:
    """Write a labelled image, and the index that says what it shows."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
        write_label_image(folder / part / f"{name}.tif", two_squares())
    (folder / "index.csv").write_text(f"id,kind,group\n{name},{kind},{group}\n")


def test_images_are_read_as_evaluate_reads_them(tmp_path: Path):
    write_image(tmp_path / "train", "learnt", "gray")
    write_image(tmp_path / "val", "measured", "gray")

    (image,) = head_to_head.load_labelled(tmp_path, held_out=True, track=silent)

    assert (image.name, image.kind, image.pixels.shape) == ("measured", "gray", (40, 60, 1))
    assert (image.labels == two_squares()).all()


@pytest.mark.parametrize(("held_out", "kind"), [(True, "bbbc039"), (False, "other")])
def test_of_sets_the_groups_that_no_training_sees_are_measured_on(
    tmp_path: Path, *, held_out: bool, kind: str
):
    write_image(tmp_path / "bbbc039", "plate", "gray", group="row-D")
    write_image(tmp_path / "other", "field", "gray", group="row-D")

    images = head_to_head.load_labelled(tmp_path, held_out=held_out, track=silent)

    assert [image.kind for image in images] == [kind]


def test_a_small_image_is_padded_until_a_patch_fits():
    padded = pad(np.ones((300, 40, 3), np.float32))

    assert padded.shape == (300, 256, 3)
    assert (padded[:, :40] == 1).all()
    assert (padded[:, 40:] == 0).all()


def test_each_shape_is_compiled_once_before_the_rounds():
    seen = []
    images = [labelled(), labelled(), replace(labelled(), pixels=np.zeros((8, 8, 3)))]

    versus_stardist.warm_up(images, {"ours": lambda pixels: seen.append(pixels.shape)})

    assert seen == [(40, 60, 1), (8, 8, 3)]


def test_an_augmented_crop_keeps_its_nuclei_under_their_labels():
    labels = np.zeros((16, 16), np.int32)
    labels[2:6, 3:9] = 1
    image = np.repeat((labels > 0).astype(np.float32)[..., None] * 10, 3, axis=2)
    np.random.seed(0)

    for _ in range(8):
        crop, moved = augment(image, labels)
        assert crop.dtype == np.float32
        assert crop[moved == 1].min() > crop[moved == 0].max()


def test_figures_are_json_values():
    race = Race(("nuqleus", "StarDist"), 1_000_000, [(1.0, 2.0)])
    scores = {"nuqleus": head_to_head.score([labelled()], lambda pixels: two_squares(), silent, "")}

    figures = json.loads(json.dumps(versus_stardist.to_json(scores, race, TRAINING)))

    assert figures["ratio"] == {"least": 2.0, "median": 2.0, "largest": 2.0}
    assert figures["rounds"]["megapixels_per_second"] == [[1.0, 0.5]]
    assert figures["accuracy"]["nuqleus"][0]["dsb"] == 1.0
    assert figures["training"]["steps"] == 40
    assert figures["versions"]["nuqleus"]


@pytest.mark.parametrize(
    "arguments", [["train", ".", "--output", "new", "--seconds", "1"], ["compare", ".", "--model", "."]]
)
def test_without_stardist_it_says_what_to_install(arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "stardist", None)

    result = CliRunner().invoke(versus_stardist.main, arguments)

    assert result.exit_code == 1
    assert "pip install --editable ." in result.output
    assert "stardist>=" in result.output


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path):
    arguments = ["train", str(tmp_path), "--output", str(tmp_path), "--seconds", "1"]

    result = CliRunner().invoke(versus_stardist.main, arguments)

    assert result.exit_code == 2
    assert "is there already" in result.output
