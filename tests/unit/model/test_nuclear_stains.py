"""Which names, wavelengths and colours speak of nuclei, and which of them wins."""

import pytest

from model.reading.metadata import ChannelMetadata
from model.reading.nuclear_stains import (
    RANKS,
    find_by_colour,
    find_by_name,
    find_by_wavelength,
    is_blue,
    rank_of,
)

BY_RANK = {
    "DNA stains": [
        "DAPI", "dapi", "DAPI-Q", "Stain: DAPI", "w1DAPI", "DAPI_1", "Hoechst", "Hoechst 33342",
        "hoechst33258", "Hoescht", "H3342",
        "H33342", "ＤＡＰＩ", "H-33342", "H33258", "33342", "Bisbenzimide", "OrigDAPI",
    ],
    "nuclear dyes": [
        "DRAQ5", "DRAQ 7", "SYTOX Green", "SytoxOrange", "NucBlue", "Nuclear Blue", "NucSpot 470",
        "NucSpot-Live650", "TO-PRO-3", "TOPRO3", "SYTO 13", "SYTO9", "Propidium Iodide", "PI", "7-AAD",
        "7AAD", "SiR-DNA", "SPY650-DNA", "YO-PRO-1",
    ],
    "DNA": ["DNA", "DNA1", "DNA_1", "DNA 2", "dsDNA", "191Ir_DNA1", "193Ir", "Ir191", "Ir(193)",
    "DNA1(Ir191Di)", "OrigDNA", "DNA-Ir"],
    "histones": ["HH3", "Histone H3", "HistoneH3", "H2B", "H2B-mCherry", "mCherry-H2B", "H3"],
    "nuclei": ["Nuclei", "nucleus", "nuclear", "Cell nuclei", "NUC", "NLS-mCherry"],
}  # fmt: skip

NONE_OF_IT = [
    "", "GFP", "Nucleolin", "nucleoli", "nucleolus", "SARS-CoV-2 Nucleocapsid AF488", "Nucleoporin 98",
    "nucleotide", "Nucleosome", "RNA", "mRNA", "RNA (SYTO14, nucleoli)", "SYTO RNASelect", "mtDNA", "cDNA",
    "mitochondrial DNA", "DNA-PKcs", "DNA polymerase", "RNAscope", "miRNA", "pHH3", "phospho-Histone H3",
    "perinuclear", "mononuclear cells", "nuclear envelope", "Nuclear pore", "PI3K", "pixel", "PIP2", "DNAJB1",
    "γH2AX", "gH2AX", "gamma-H2AX 488", "H2A.X pS139", "non-DAPI", "no DAPI", "Hoechst-free", "DAPI (empty)",
    "DAPI bleedthrough", "AF DAPI", "PI(4,5)P2", "PI-PLC", "NucView 488 caspase-3",
    "DNase I", "Alexa Fluor 405", "H3K27me3", "photoprotein", "auto-processed", "External",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rank"), [(name, rank) for rank, names in enumerate(BY_RANK.values()) for name in names]
)
def test_each_name_has_its_rank(name: str, rank: int):
    assert rank_of(name) == rank


@pytest.mark.parametrize("name", NONE_OF_IT)
def test_words_that_only_sound_like_it_are_none(name: str):
    assert rank_of(name) == len(RANKS)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["DRAQ5", "DAPI"], 1),
        (["DNA", "SYTOX"], 1),
        (["Nuclei", "DNA"], 1),
        (["HH3", "dsDNA"], 1),
        (["RNA (SYTO14, nucleoli)", "ER", "DNA"], 2),
        (["nuclear", "H2B-GFP", "TO-PRO-3", "Hoechst"], 3),
        (["DNA2", "DNA1"], 0),
        (["GFP", "mCherry"], None),
        ([], None),
    ],
)
def test_the_highest_rank_wins_and_within_it_the_first(names: list[str], expected: int | None):
    assert find_by_name([ChannelMetadata(name) for name in names]) == expected


def test_a_dye_counts_as_well_as_a_name():
    channels = [ChannelMetadata("Ch2-T1", ("Alexa Fluor 647",)), ChannelMetadata("Ch1-T3", ("DAPI",))]

    assert find_by_name(channels) == 1


@pytest.mark.parametrize("nm", [405, 385, 365, 358, 355, 395])
def test_an_excitation_that_suits(nm: float):
    channels = [ChannelMetadata("A", excitation_nm=488.0), ChannelMetadata("B", excitation_nm=float(nm))]

    assert find_by_wavelength(channels) == 1


@pytest.mark.parametrize("name", ["405", "w1CSU405", "Ex405", "405 nm", "Laser 405", "LED_385", "365/10"])
def test_an_excitation_in_a_name(name: str):
    assert find_by_wavelength([ChannelMetadata("488"), ChannelMetadata(name)]) == 1


@pytest.mark.parametrize(
    "name", ["Alexa Fluor 405", "AF405", "CF405M", "DyLight 405", "1405", "405.5", "640"]
)
def test_dyes_and_other_numbers_are_no_excitation(name: str):
    assert find_by_wavelength([ChannelMetadata("488"), ChannelMetadata(name)]) is None


def test_an_emission_counts_where_no_excitation_is_known():
    blue = ChannelMetadata("B", emission_nm=461.0)

    assert find_by_wavelength([ChannelMetadata("A", emission_nm=520.0), blue]) == 1
    assert find_by_wavelength([ChannelMetadata("A", excitation_nm=440.0, emission_nm=465.0)]) is None


@pytest.mark.parametrize(
    ("colour", "blue"),
    [((0, 0, 255), True), ((0, 160, 255), True), ((0, 255, 255), False), ((255, 0, 255), False), ((0, 0, 0), False),
     ((255, 255, 255), False), (None, False)],
)  # fmt: skip
def test_blue_is_what_dapi_is_shown_in(colour, blue: bool):
    assert is_blue(colour) == blue


def test_the_only_channel_in_blue():
    red, blue = (
        ChannelMetadata("A", display_colour=(255, 0, 0)),
        ChannelMetadata("B", display_colour=(0, 0, 255)),
    )

    assert find_by_colour([red, blue]) == 1
    assert find_by_colour([ChannelMetadata("Green"), ChannelMetadata("Blue")]) == 1
    assert find_by_colour([blue, blue]) is None
    assert find_by_colour([red, red]) is None
