"""Which names, wavelengths and colours speak of nuclei, and which of them wins: the tables are the specification."""

import pytest

from model.reading.metadata import ChannelMetadata
from model.reading.nuclear_stains import (
    NO_STAIN,
    find_by_colour,
    find_by_name,
    find_by_wavelength,
    is_blue,
    rank_of,
)
from model.reading.stain_vocabulary import STAINS

BY_RANK = {
    "DAPI and Hoechst": [
        "DAPI", "dapi", "DAPI-Q", "Stain: DAPI", "w1DAPI", "DAPI_1", "ＤＡＰＩ", "OrigDAPI", "D.A.P.I.", "D-A-P-I",
        "DAPI (405)", "405-DAPI", "DAPI 405 nm", "DAPI 100ms", "DAPI (nuclei)", "Nuclei (DAPI)", "DNA (Hoechst)",
        "UV DAPI", "DAPI widefield", "Confocal DAPI", "DAPI Blue", "Ch1-DAPI", "DAPI channel", "DAPI counterstain",
        "DAPI/Hoechst", "Camera 1 - DAPI", "DAPI filter", "Zellkerne (DAPI)", "DAPI 20x", "1_DAPI",
        "4',6-diamidino-2-phenylindole", "diamidino-2-phenylindole", "4′,6-Diamidin-2-phenylindol",
        "Hoechst", "Hoechst 33342", "hoechst33258", "Hoescht", "Höchst", "Hoechst 34580", "Ho33342", "Hoe 33258",
        "H3342", "H33342", "H-33342", "H33258", "H33258 (UV)", "33342", "Bisbenzimide", "bisBenzimide H 33342",
        "PureBlu DAPI", "SiR-Hoechst", "DAPI HQ", "BrightLine DAPI", "DAPI Andor iXon", "DAPI Zyla",
        "DAPI (Orca Flash 4.0)",
        "DAPI Hamamatsu", "DAPI Prime 95B", "DAPI Stitched", "Hoechst, plate 3", "DAPI well B02 site 4", "DAPI MIP",
        "DAPI deconvolved", "DAPI raw", "DAPI bg-corrected", "DAPI background subtracted", "DAPI flat-field corrected",
    ],
    "other dyes": [
        "DRAQ5", "DRAQ 7", "Draq7", "SYTOX Green", "SytoxOrange", "SYTOX Deep Red", "NucBlue", "Nuclear Blue",
        "NucRed",
        "NucGreen", "NucSpot 470", "NucSpot-Live650", "NucLight Red", "Nuclear-ID Red", "TO-PRO-3", "TOPRO3",
        "TOTO-3", "TO-TO-3", "YOYO-1", "YO-PRO-1", "PO-PRO-1", "BOBO-3", "SYTO 13", "SYTO9", "Propidium Iodide",
        "7-AAD", "7AAD",
        "7-aminoactinomycin D", "SiR-DNA", "SPY650-DNA", "SPY505-DNA", "Vybrant DyeCycle Violet", "DyeCycle",
        "RedDot2", "RedDot 1", "NuclearMask Blue", "HCS NuclearMask Deep Red", "FxCycle Violet", "PicoGreen",
        "SYBR Green", "SYBR Gold", "GelRed", "EvaGreen", "Ethidium bromide",
        "Acridine orange", "Hematoxylin", "Haematoxylin", "Feulgen", "DRAQ5 (Cy5)", "Sytox Green FITC",
    ],
    "PI": ["PI", "PI (TRITC)", "PI-Texas Red", "Ch2 PI"],
    "DNA": [
        "DNA", "DNA1", "DNA_1", "DNA 2", "dsDNA", "gDNA", "191Ir_DNA1", "193Ir", "Ir191", "Ir(193)", "DNA1(Ir191Di)",
        "OrigDNA", "DNA-Ir", "DNA stain", "DNA content", "Chromatin", "Ir intercalator", "DNA (Cy5)", "ADN", "ДНК",
    ],
    "histones": [
        "HH3", "Histone H3", "HistoneH3", "H2B", "H2B-mCherry", "mCherry-H2B", "H2B-EGFP", "H2B mNeonGreen", "H3",
        "Histone H3 AF647", "anti-Histone H3", "H2B-miRFP670", "H2B-tdTomato", "H2B TagRFP", "Histone",
    ],
    "nuclei": [
        "Nuclei", "nucleus", "nuclear", "Cell nuclei", "NUC", "NLS-mCherry", "NLS GFP", "Nuclear stain",
        "nuclear marker",
        "Nuclear counterstain", "Cell nucleus", "Zellkern", "Zellkerne", "Zellkernfärbung", "Kern", "Kerne",
        "Kernfärbung",
        "celkern", "kernen", "noyau", "Noyaux", "noyaux cellulaires", "núcleo", "Núcleos", "nucleo",
        "núcleos celulares",
        "cellkärnor", "kärna", "cellekerner", "kjerne", "jądro", "jądra komórkowe", "jádra", "tuma", "sejtmag",
        "çekirdek",
        "nuclis", "ядро", "ядра", "ядро клетки", "Nukleus", "Zellkern-Kanal", "клеточные ядра", "πυρήνες", "細胞核",
        "细胞核", "核", "核染色", "세포핵",
    ],
}  # fmt: skip

HELD = [
    "DAPI-GFP", "DAPI GFP", "TRITC_DAPI", "DAPI mouse", "Hoechst treated", "DAPI + Phalloidin", "brain_DAPI",
    "DAPI control", "DRAQ5 mouse 12", "DAPI overview",
]  # fmt: skip
"""A stain beside words that may make it another's."""

NONE_OF_IT = [
    "", "GFP", "Nucleolin", "nucleoli", "nucleolus", "SARS-CoV-2 Nucleocapsid AF488", "Nucleoporin 98",
    "nucleotide", "Nucleosome", "RNA", "mRNA", "RNA (SYTO14, nucleoli)", "SYTO RNASelect", "mtDNA", "mt-DNA", "cDNA",
    "mitochondrial DNA", "DNA-PKcs", "DNA polymerase", "RNAscope", "miRNA", "pHH3", "phospho-Histone H3",
    "Histone H3K9ac",
    "perinuclear", "mononuclear cells", "nuclear envelope", "Nuclear pore", "PI3K", "PI 3-kinase", "pixel", "PIP2",
    "DNAJB1",
    "γH2AX", "gH2AX", "gamma-H2AX 488", "H2A.X pS139", "H2A.X", "non-DAPI", "no DAPI", "Hoechst-free", "DAPI (empty)",
    "DAPI bleedthrough", "AF DAPI", "PI(4,5)P2", "PI-PLC", "PI stage", "NucView 488 caspase-3", "without DAPI",
    "DAPI unstained",
    "DNase I", "Alexa Fluor 405", "H3K27me3", "photoprotein", "auto-processed", "External", "DAPI negative",
    "GR nuclear", "nuclear GR", "NF-kB nuclear", "nuclear factor", "nuclear receptor", "nuclear lamina", "Nuclear p53",
    "cGAS DNA sensor", "anti-dsDNA (mito)", "anti-dsDNA", "α-DNA", "DNA damage", "DNA FISH", "viral DNA",
    "plasmid DNA",
    "cytoplasm, DAPI excluded", "Cytoplasm/DAPI", "DAPI+GFP overlay", "Autofluorescence (DAPI)",
    "AutoFluorescence DAPI",
    "dapi_mask", "DAPI masks", "DAPI labels", "DAPI segmentation", "DAPI probabilities", "DAPI background",
    "merged DAPI",
    "Composite DAPI GFP", "DAPI BF", "Nuclear RNA", "Phalloidin 405", "BF 405", "H3N2", "kernel", "Kernel size",
    "核仁", "核膜", "核孔", "核糖体", "Wavelength 1", "Kernmembran", "nucleophosmin", "adnexa", "tumac", "Hosta",
    "host",
    "w/o DAPI", "w/o Hoechst", "DAPI (-)", "DAPI (−)", "DAPI−", "DAPI off", "DAPI -ve", "Hoechst-ve",
    "GFP (DAPI masked)", "DAPI-conjugated lectin", "Hoechst side population", "cell count (DAPI)", "GFP in nuclei",
    "T-DNA", "Z-DNA", "tDNA", "virtual DAPI", "predicted DAPI", "DAPI flat-field", "DAPI shading",
    "Nuclear export signal", "import", "Blue", "UV", "405", "hepatitis B DNA",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rank"), [(name, rank) for rank, names in enumerate(BY_RANK.values()) for name in names]
)
def test_each_name_has_its_rank(name: str, rank: int):
    assert rank_of(name) == rank


@pytest.mark.parametrize("name", HELD)
def test_a_stain_beside_other_words_ranks_below_all_that_are_nothing_else(name: str):
    assert len(STAINS) <= rank_of(name) < NO_STAIN


@pytest.mark.parametrize("name", NONE_OF_IT)
def test_words_that_only_sound_like_it_are_none(name: str):
    assert rank_of(name) == NO_STAIN


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["DRAQ5", "DAPI"], [1]),
        (["DNA", "SYTOX"], [1]),
        (["Nuclei", "DNA"], [1]),
        (["HH3", "dsDNA"], [1]),
        (["RNA (SYTO14, nucleoli)", "ER", "DNA"], [2]),
        (["nuclear", "H2B-GFP", "TO-PRO-3", "Hoechst"], [3]),
        (["GFP", "mCherry"], []),
        ([], []),
        # a stain and nothing else goes before names that hold one
        (["DAPI-GFP", "DAPI"], [1]),
        (["DAPI+GFP overlay", "DAPI"], [1]),
        (["Autofluorescence (DAPI)", "GFP", "DAPI"], [2]),
        (["dapi_mask", "DAPI"], [1]),
        (["DAPI GFP", "Hoechst"], [1]),
        (["DAPI GFP", "DNA"], [1]),
        (["GFP", "DAPI-GFP"], [1]),
        # a sure stain with words that nobody knows doesn't lose to a vaguer one without a doubt
        (["PI", "DAPI overview"], [0, 1]),
        (["DAPI mouse 3", "SYTOX Green"], [0, 1]),
        (["GFP", "brain_DAPI", "DNA"], [1, 2]),
        (["DAPI overview", "DAPI"], [1]),
        (["DRAQ5 mouse 12", "Hoechst"], [1]),
        (["PI", "DAPI HQ"], [1]),
        # several of a rank leave it open
        (["GFP", "DAPI", "DAPI"], [1, 2]),
        (["DAPI", "Hoechst", "GFP"], [0, 1]),
        (["DAPI-GFP", "DAPI-TRITC", "Cy5"], [0, 1]),
        (["GFP", "Nuclei", "Kerne"], [1, 2]),
        # but for rounds of one stain
        (["DNA2", "DNA1"], [0]),
        (["CD45", "DNA1", "DNA2"], [1]),
        (["GFP", "191Ir_DNA1", "193Ir_DNA2"], [1]),
        (["DNA_1", "CD8", "DNA_2", "CD4"], [0]),
        (["DAPI-01", "CD8", "DAPI-02"], [0]),
        # what all channels have in common says nothing
        (["DAPI_GFP_TRITC - ch1", "DAPI_GFP_TRITC - ch2", "DAPI_GFP_TRITC - ch3"], []),
        (["DAPI_GFP - GFP", "DAPI_GFP - DAPI"], [1]),
        (["ch1 DAPI exp", "ch2 DAPI exp"], []),
        (["mouse nuclei 488", "mouse nuclei 561"], []),
        (["GFP (Hoechst 3h)", "Cy5 (Hoechst 3h)", "Hoechst (Hoechst 3h)"], [2]),
        (["DAPI", "DAPI"], []),
        (["DAPI", "DAPI GFP"], [0]),
        (["H2B-mCherry", "H3-GFP"], [0, 1]),
    ],
)  # fmt: skip
def test_the_highest_rank_wins_and_several_of_it_are_doubtful(names: list[str], expected: list[int]):
    assert find_by_name([ChannelMetadata(name) for name in names]) == expected


def test_no_name_takes_long():
    for text in ("a" * 200_000, "x" + " " * 100_000, "to " * 50_000, "_" * 100_000):
        assert rank_of(text) == NO_STAIN
        assert find_by_wavelength([ChannelMetadata(text), ChannelMetadata("488")]) == []


def test_a_dye_counts_as_well_as_a_name():
    channels = [ChannelMetadata("Ch2-T1", ("Alexa Fluor 647",)), ChannelMetadata("Ch1-T3", ("DAPI",))]

    assert find_by_name(channels) == [1]


def test_a_filter_set_that_all_channels_share_says_nothing():
    channels = [ChannelMetadata("A", ("DAPI/FITC/TRITC",)), ChannelMetadata("B", ("DAPI/FITC/TRITC",))]

    assert find_by_name(channels) == []


@pytest.mark.parametrize("nm", [405, 385, 365, 358, 355, 395])
def test_an_excitation_that_suits(nm: float):
    channels = [ChannelMetadata("A", excitation_nm=488.0), ChannelMetadata("B", excitation_nm=float(nm))]

    assert find_by_wavelength(channels) == [1]


def test_several_that_are_excited_alike_are_doubtful():
    channels = [ChannelMetadata("A", excitation_nm=405.0), ChannelMetadata("B", excitation_nm=405.0)]

    assert find_by_wavelength(channels) == [0, 1]


@pytest.mark.parametrize(
    "name", ["Phalloidin", "BF", "Brightfield", "TL", "CD31-BV421", "EBFP", "Alexa Fluor 405", "Pacific Blue 410",
    "DIC",
             "LysoTracker Blue", "Autofluorescence", "mito", "NADH", "T-PMT"],
)  # fmt: skip
def test_what_says_that_it_shows_something_else_is_not_taken_for_its_wavelength_or_colour(name: str):
    other = ChannelMetadata(name, excitation_nm=405.0, emission_nm=450.0, display_colour=(0, 0, 255))

    assert find_by_wavelength([ChannelMetadata("488"), other]) == []
    assert find_by_colour([ChannelMetadata("488"), other]) == []


@pytest.mark.parametrize(
    "name", ["405", "w1CSU405", "Ex405", "405 nm", "Laser 405", "LED_385", "365/10", "UV", "Ex405 Em450",
    "Confocal 405", "395"]
)  # fmt: skip
def test_an_excitation_in_a_name(name: str):
    assert find_by_wavelength([ChannelMetadata("488"), ChannelMetadata(name)]) == [1]


@pytest.mark.parametrize(
    "name", ["Alexa Fluor 405", "AF405", "CF405M", "DyLight 405", "1405", "405.5", "640", "Phalloidin 405", "BF 405",
             "CD31 405", "405 ms", "405/525", "405-488-561", "Actin 405", "Wavelength 1"],
)  # fmt: skip
def test_dyes_other_stains_and_other_numbers_are_no_excitation(name: str):
    assert find_by_wavelength([ChannelMetadata("488"), ChannelMetadata(name)]) == []


def test_an_emission_counts_where_no_excitation_is_known():
    blue = ChannelMetadata("B", emission_nm=461.0)

    assert find_by_wavelength([ChannelMetadata("A", emission_nm=520.0), blue]) == [1]
    assert find_by_wavelength([ChannelMetadata("A", excitation_nm=440.0, emission_nm=465.0)]) == []


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

    assert find_by_colour([red, blue]) == [1]
    assert find_by_colour([blue, blue]) == []
    assert find_by_colour([red, red]) == []


@pytest.mark.parametrize("name", ["Blue", "blue", "Ch Blue", "Blue channel", "Blau", "bleu", "Azul"])
def test_a_channel_that_is_called_blue(name: str):
    assert find_by_colour([ChannelMetadata("Green"), ChannelMetadata(name)]) == [1]
    assert find_by_colour([ChannelMetadata("Green"), ChannelMetadata("Trypan Blue")]) == []
