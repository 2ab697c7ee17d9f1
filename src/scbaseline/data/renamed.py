"""Turns a gene symbol of earlier years into today's, so that two annotations meet.

Pairs of previous and approved symbols of human genes that are common in blood and tissue
data and differ between hg19-era and current annotations.

Source: HUGO Gene Nomenclature Committee, "previous symbol" fields, genenames.org. The
symbols of mouse and other species are left as they are.
"""

_RENAMED = """
ATP5B ATP5F1B | ATP5C1 ATP5F1C | ATP5D ATP5F1D | ATP5E ATP5F1E | ATP5G1 ATP5MC1
ATP5G2 ATP5MC2 | ATP5G3 ATP5MC3 | ATP5H ATP5PD | ATP5I ATP5ME | ATP5J ATP5PF | ATP5J2 ATP5MF
ATP5L ATP5MG | ATP5O ATP5PO | ATPIF1 ATP5IF1 | CD97 ADGRE5 | CTGF CCN2 | CYR61 CCN1
EMR1 ADGRE1 | EMR2 ADGRE2 | FAM26F CALHM6 | FAM46C TENT5C | FAM65B RIPOR2 | GNB2L1 RACK1
GPR56 ADGRG1 | HN1 JPT1 | KIAA0101 PCLAF | LINC00152 CYTOR | MLLT4 AFDN
NGFRAP1 BEX3 | PLA2G16 PLAAT3 | SELM SELENOM | SEP15 SELENOF | SEPW1 SELENOW | SELK SELENOK
SELT SELENOT | TCEB1 ELOC | TCEB2 ELOB | TMEM66 SARAF | WARS WARS1 | WHSC1 NSD2
SEPT1 SEPTIN1 | SEPT2 SEPTIN2 | SEPT6 SEPTIN6 | SEPT7 SEPTIN7 | SEPT9 SEPTIN9 | SEPT11 SEPTIN11
MARCH1 MARCHF1 | MARCH2 MARCHF2 | MARCH5 MARCHF5 | MARCH6 MARCHF6 | MARCH7 MARCHF7
HIST1H1C H1-2 | HIST1H1D H1-3 | HIST1H1E H1-4 | HIST1H4C H4C3 | HIST1H2AC H2AC6
HIST1H2BK H2BC12 | H2AFZ H2AZ1 | H2AFY MACROH2A1 | H3F3A H3-3A | H3F3B H3-3B
"""

TODAY: dict[str, str] = {
    old: new
    for line in _RENAMED.strip().splitlines()
    for old, new in (pair.split() for pair in line.split("|"))
}
"""Previous symbol → approved symbol."""
