"""Vocabulary of channel names: what stains and markers of nuclei are called, and what else stands in such names.

Names are compared in lower case, without marks on letters (`núcleo` → `nucleo`), with words
apart (`OrigDAPI` → `orig dapi`).
"""

import re
from typing import NamedTuple


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


class StainGroup(NamedTuple):
    """Names of one rank.

    Attributes:
        names: of stains or markers.
        qualifiers: words that may stand beside them: a protein that is fused to a histone, the filter of a dye.
        is_unmistakable: with other words, too, it is most likely that stain; else it may be anything's.
    """

    names: re.Pattern[str]
    qualifiers: re.Pattern[str] | None
    is_unmistakable: bool


FLUOROPHORES = _any_of(
    r"(?<![a-z])((m|e|td|tag|fus|ir|i)[\W_]*)?(gfp|rfp|yfp|cfp|bfp)\d?(?![a-z])",
    r"(?<![a-z])((m|td)[\W_]*)?(cherry|tomato|scarlet|ruby|plum|apple|orange|kate|venus|turquoise|cerulean|citrine|emerald)"
    r"\d?(?![a-z])",
    r"(?<![a-z])((m[\W_]*)?neon[\W_]*green|ds[\W_]*red|mi[\W_]*rfp|halo([\W_]*tag)?|snap([\W_]*tag)?)(?![a-z])",
    r"(?<![a-z])(fitc|tritc|texas[\W_]*red|rhod(amine)?|apc|pe|per[\W_]*cp|cy[\W_]*[2357]([\W_]*5)?)(?![a-z0-9])",
    r"(?<![a-z])(alexa([\W_]*fluor)?|af|cf|dy(light)?|dl|atto|bv|buv|bb|i-?fluor|star|jf|opal|qdot|vioblue|vio"
    r"|(brilliant|pacific|mitotracker|lysotracker|celltrace|hilyte|abberior|janelia)[\W_]*[a-z]*)[\W_]*\d{3}[a-z]?"
    r"(?![a-z0-9])",
)
"""Dyes and proteins that are bound to anything, and filters called after them."""

STAINS = (
    StainGroup(
        _any_of(
            r"(?<![a-z])dapi(?![a-z])", r"(?<![a-z])d[\W_]a[\W_]p[\W_]i(?![a-z])",
            r"diamidin[oe]?[\W_]*\d?[\W_]*(ph|f)en[iy]l[\W_]*indole?",
            r"(?<![a-z])((si[\W_]?r|jf|cp|star)[\W_]*\d*[\W_]*)?(hoechst|hoescht|hoeschst|hochst|hoscht|hoechest|hoecsht|hoehcst|hoesht|hoechts|hoechs)(?![a-z])",
            r"(?<![a-z])h(oe|o)?[\W_]*(3{1,2}342|33?258|34580)(?!\d)", r"(?<![\d.])(33342|33344|33258|34580)(?!\d)",
            r"bis[\W_]*benzimid[a-z]*", r"pure[\W_]*blu(?![a-z])",
        ), None, is_unmistakable=True,
    ),
    StainGroup(
        _any_of(
            r"draq[\W_]*[57]", r"sytox([\W_]*(aadvanced|(deep[\W_]*)?red|blue|green|orange))?",
            r"(?<![a-z])nuc(lear)?[\W_]*(blue|spot|green|red|violet|yellow|mask|fix|light|id|fast[\W_]*red)(?![a-z])",
            r"nuclight", r"(?<![a-z])([tyjlbp]o|bobo|popo)[\W_]*(\dp?[\W_]*)?pro(?![a-z])",
            r"propidium([\W_]*iodide)?",
            r"(?<![a-z])(to[\W_]?to|yo[\W_]?yo|bobo|popo|jojo|lolo)[\W_]*[13](?!\d)", r"(?<![a-z])yo[\W_]*yo(?![a-z])",
            r"(?<![a-z])syto(?![a-z])", r"7[\W_]*(aad|amino[\W_]*actinomycin)([\W_]*d(?![a-z]))?", r"aminoactinomycin",
            r"pico[\W_]*green", r"eva[\W_]*green", r"gel[\W_]*red", r"sybr([\W_]*(gold|safe|green))?",
            r"red[\W_]*dot", r"dye[\W_]*cycle",
            r"(si[\W_]?r|spy|cp|jf|star)[\W_]*\d*[\W_]*dna", r"vybrant[\W_]*dye[\W_]*cycle",
            r"acridine?[\W_]*orange", r"ha?emato?xylin[ea]?", r"feulgen", r"ethidium([\W_]*(bromide|homodimer))?",
            r"(?<![a-z])lds[\W_]*751",
            r"helix[\W_]*np", r"fx[\W_]*cycle", r"chromomycin", r"mithramycin", r"methyl[\W_]*green",
        ), FLUOROPHORES, is_unmistakable=True,
    ),
    StainGroup(
        _any_of(r"(?<![a-z0-9])pi(?![a-z0-9]|[\W_]*\(?[345](?!\d)|[\W_]*plc)"), FLUOROPHORES, is_unmistakable=False
    ),
    StainGroup(
        _any_of(
            r"(?<![a-z])((ds|ss|g)[\W_]*)?dna(?![a-z])", r"(?<!\d)19[13][\W_]*ir(?![a-z])",
            r"(?<![a-z])ir[\W_]*19[13](?!\d)", r"iridium", r"chromatin", r"intercalator",
            r"(?<![a-z])(adn|dns|днк)(?![a-zа-я])",
        ), FLUOROPHORES, is_unmistakable=False,
    ),
    StainGroup(
        _any_of(
            r"(?<![a-z])h2b(?![a-z])", r"histone?s?(?![a-z])", r"(?<![a-z])h?h3(?:[\W_]*3)?(?![a-z0-9])",
            r"(?<![a-z])h2az?(?![a-z0-9])", r"(?<![a-z])h4(?![a-z0-9])(?=[\W_]*histon)",
        ), _any_of(FLUOROPHORES.pattern, r"(?<![a-z])anti(?![a-z])"), is_unmistakable=False,
    ),
    StainGroup(
        _any_of(
            r"(?<![a-z])(nucle(us|i|ar|uses|o|os|e|u|ii)|nucl|nukle(us|i|y))(?![a-z])",
            r"(?<![a-z])(nuc|nucs|nls)(?![a-z])",
            r"(?<![a-z])(zell|cel|celle?)?(kern|kerne|kernen|kernes|kerner|kjerne|kjerner)(kanal)?(?![a-z])",
            r"(?<![a-z])(zellkernfarbung|kernfarbung|kernkleuring)(?![a-z])",
            r"(?<![a-z])(cell)?(karna|karnor|karn|karnan)(?![a-z])", r"(?<![a-z])noyaux?(?![a-z])",
            r"(?<![a-z])(jadr[oa]|tuma|tumat|sejtmag|cekirdek|nuclis?)(?![a-z])",
            r"(?<![а-я])(клеточн(ые|ое) )?(ядро|ядра|ядер)( клет(ки|ок))?(?![а-я])", r"πυρην(ασ?|εσ)(?![α-ω])",
            r"[细細]胞核", r"核(?![仁膜孔小糖酸酶质質])", r"세포핵", r"핵(?![인막산])",
        ), FLUOROPHORES, is_unmistakable=False,
    ),
)  # fmt: skip
"""From the surest to the vaguest: DAPI and Hoechst; other dyes; PI; DNA; histones; nuclei in several languages."""

NOT_NUCLEI = _any_of(
    # what only sounds like nuclei, or like a stain of them
    r"(?<![a-z])(peri|mono|poly|multi|bi|extra|non|pro|ribo)[\W_]*nucle[a-z]*",
    r"(?<![a-z])(mt|ct|cf|c|e|v|p|q|rec?)[\W_]*dna(?![a-z])", r"syto[\W_]*14(?!\d)",
    r"syto[\W_]*rna[\W_]*select[a-z]*",
    r"(?<![a-z])(phospho|p)[\W_]*(histone[\W_]*)?h?h3(?![a-z0-9])",
    r"(?<![a-z])(gamma|[γgyp])?[\W_]*h2a[\W_]?x(?![a-z0-9])", r"nuc[\W_]*view", r"hematoxylin[\W_]*(and[\W_]*)?eosin",
    r"(?<![a-z])(anti|a|α)[\W_]*(ds|ss)?dna(?![a-z])", r"(?<![a-z])[tz][- ]?dna(?![a-z])",
    r"(?<![a-z])in[\W_]*(the[\W_]*)?nucle(us|i)(?![a-z])",
)  # fmt: skip
"""Words that are taken out of a name before it is compared."""

CONTRADICTIONS = _any_of(
    # the stain isn't there, or only shines through
    r"(?<![a-z])(no|non|not|without|minus|neg|negative|excluded|exclusion|excl|free|empty|blank|bleed[a-z]*|cross[\W_]*talk"
    r"|spill[a-z]*|leak[a-z]*|through|ohne|sans|sin|off|unstained|(background|bkgd?)(?![\W_]*(corr|sub))|af(?![\W_]*\d)|auto[\W_]*fluo[a-z]*|quench[a-z]*)(?![a-z])",
    r"(?<![a-z])w/o(?![a-z])", r"[-−–][\W_]?ve(?![a-z])", r"\(\s*[-−–]\s*\)", r"−\s*$",
    # no image of a stain, but one that was computed or shows several
    r"(?<![a-z])(overlays?|merged?|composite|mask(s|ed|ing)?|segment[a-z]*|outlines?|labels?|prob[a-z]*|ratio|distance|dark"
    r"|(flat[\W_]*field|shading)(?![\W_]*corr)|thumb[a-z]*|macro|virtual|predict[a-z]*|synthetic|simulated"
    r"|count|counting|cell[\W_]*counts)(?![a-z])",
    # what is bound to a stain, or sorted by it
    r"(?<![a-z])(conjugat[a-z]*|side[\W_]*population)(?![a-z])",
    # other parts of a cell, and others' DNA
    r"(?<![a-z])(cyto(plasm[a-z]*|sol[a-z]*|skeleton)?|mito[a-z]*|membranes?|envelope|pores?|lamin[a-z]*|speckles?|bod(y|ies)|nucleol[a-z]*|rim"
    r"|cortex|cortical|ring|viral|virus|plasmid|bacteri[a-z]*|phage|sensor|damage|repair|foci|(m|mi|si|sh|sg|sc|lnc|nc|r|t|v|pre|pri)?rna|rnascope)(?![a-z])",
    # light that passes through
    r"(?<![a-z])(bf|bright[\W_]*field|dic|phase[a-z]*|ph[\W_]*\d|tl|trans|transmi[a-z]*|tpmt|t[\W_]*pmt"
    r"|hellfeld|durchlicht|reflection|reflected)(?![a-z])",
)  # fmt: skip
"""Words with which a name is none of a nuclear stain, whatever else stands in it."""

OTHER_TARGETS = _any_of(
    r"(?<![a-z])(phalloidin|f?[\W_]?actin|tubulin|vimentin|keratin|calcofluor|collagen|wga|con[\W_]?a|lectin|golgi|er|lysos?[a-z]*"
    r"|cell[\W_]*(mask|trace|tracker|rox)|bodipy|dextran|calcein|fura|indo|cd[\W_]*\d+[a-z]?|ck[\W_]*\d+|ki[\W_]*67|sma|neun"
    r"|gfap|map2|e?[\W_]?cadherin|catenin|albumin|beads?|shg|nadp?h|fad|collagen|lipo[a-z]*|zombie|live[\W_]*dead)(?![a-z])",
)  # fmt: skip
"""What is often excited by violet light, or shown in blue, and is no nucleus."""

NEUTRAL = _any_of(
    r"\d+(st|nd|rd|th|x)?(?![^\W\d_])|\d+",
    r"(?<![^\W\d_])(?!p\d)[^\W\d_](?![^\W\d_])",
    r"(?<![^\W\d_])(channels?|ch|chan|chn|chs|kanal|canal|kanaal|wave(length)?|wv|wl|track|trk|t[a-z]|img|image|bild|raw|orig(inal)?|corr(ected)?"
    r"|decon[a-z]*|unmix(ed)?|stain(s|ed|ing)?|counter(stain(ed|ing)?)?|dyes?|markers?|signal|target|total|content|solution"
    r"|farbung|kleuring|coloration|tincion|filters?|cube|set|fset|laser|las|lasers?|led|lamp|line|diode|dpss|obis|sola|lumencor"
    r"|spectra|aura|ex|exc|em|excitation|emission|nm|ms|sec|exp|exposure|gain|power|int|confocal|conf|wide[\W_]*field|wf|epi"
    r"|epifl(uorescence)?|fluo?(rescen(ce|t))?|fl|csu|sd|sdc|yokogawa|spinning|dis[kc]|cam(era)?|scmos|emccd|ccd|pmt|hyd|gaasp"
    r"|det(ector)?|airyscan|sted|tirf|lm|light[\W_]*sheet|spim|live|fixed|cells?|zell(en)?|cel(ular|ulares|ulas?)?|cellulaires?"
    r"|cellul(a|e|ar|ari|aire)|komorkow[a-z]*|bunek|tissue|quad|penta|sedat|dual|single|band|dichroic|semrock|chroma|zeiss|nikon"
    r"|leica|olympus|evos|blue|violet|uv|cyan|green|red|far|deep|nir|ir|di|dd|round|cycle|cyc|rep|max|mip|proj(ection)?|min|mean"
    r"|avg|sum|oil|air|water|ref(erence)?|well|pos(ition)?|field|fov|tif+|ome|the|of|for|in|and|und|et|mm|um|invitrogen|thermo"
    r"|abcam|sigma|molecular|probes|biotium|default|high|low|hi|lo|long|short|stack|slices?|plane|scan|tile|merge?d?tiles"
    r"|acq|new|only|bp|lp|sp|ab|trihydrochloride|dihydrochloride|crop(ped)?|rgb|hcs)(?![^\W\d_])",
    r"(?<![^\W\d_])(hq|bright[\W_]*line|zet|narrow|omega|photometrics|prime|evolve|kinetix|cool[\W_]*snap|andor|i?xon|zyla|sona"
    r"|orca([\W_]*(flash|fusion|quest))?|hamamatsu|pco|axio[\W_]*cam|retiga|basler|plate|site|region|series|section|stitched|fused|montage"
    r"|mosaic|filtered|denoised|smoothed|registered|aligned|bits?|((bg|bkgd?|background|flat([\W_]*field)?|shading)[\W_]*)"
    r"(corr(ected|ection)?|sub(tracted|traction)?))(?![^\W\d_])",
    r"染色|通道|标记|標記|チャンネル|채널|染",
)
"""Words that say nothing of what is stained."""

VIOLET = _any_of(
    r"(?<![\d.])(35[58]|36[05]|37[05]|38[05]|39[05]|40[05])(?![\d.]|[\W_]*ms(?![a-z]))",
    r"(?<![a-z])(uv|violet)(?![a-z])",
)
"""In a name: `405`, `CSU405`, `Ex 385 nm`, `UV`."""

OTHER_LIGHT = re.compile(r"(?<![\d.])(4[89]\d|5\d\d|6\d\d|7\d\d)(?![\d.])")
"""In a name: other lasers, or what DAPI and Hoechst don't emit."""

BLUE = _any_of(r"(?<![a-z])(blue|blau|bleu|azul|blu|bla|niebieski)(?![a-z])")
"""In a name: the colour that DAPI is shown in."""
