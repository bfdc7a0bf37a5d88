"""Colours converted by colour-science, an implementation of BT.2100 that is independent of this one.

Writes colour-science.json, which the tests read: `npm run generate`.
"""

import json
import random
from pathlib import Path

import numpy as np
from colour.models import (
    eotf_inverse_ST2084,
    eotf_ST2084,
    oetf_BT2100_HLG,
    oetf_inverse_BT2100_HLG,
    ootf_BT2100_HLG,
    ootf_inverse_BT2100_HLG,
)

PEAKS = [399, 400, 1000, 2000, 2001]
# From 400 to 2000 cd/m², colour-science computes the system gamma. It uses that formula for all peaks, where BT.2100
# (table 5, note 5f) has another one below and above: 1.2 * 1.111 ** log2(peak / 1000). These are its values, computed
# with 50 digits: Decimal("1.2") * Decimal("1.111") ** ((Decimal(peak) / 1000).ln() / Decimal(2).ln()).
GAMMAS = {399: 1.0437235004608326, 2001: 1.3333012076296999}
CORNERS = [[0, 0, 0], [65535, 0, 0], [0, 65535, 0], [0, 0, 65535], [1, 2, 3], [30000, 30000, 30000]]


def pq_to_hlg(signals, peak):
    scene = ootf_inverse_BT2100_HLG(eotf_ST2084(signals), L_W=peak, gamma=GAMMAS.get(peak))
    return oetf_BT2100_HLG(scene)


def hlg_to_pq(signals, peak):
    display = ootf_BT2100_HLG(oetf_inverse_BT2100_HLG(signals), L_W=peak, gamma=GAMMAS.get(peak))
    return eotf_inverse_ST2084(display)


def codes(signals):
    return np.round(np.clip(signals, 0, 1) * 65535).astype(int).tolist()


random.seed(2100)
colours = CORNERS + [[random.randrange(65536) for _ in range(3)] for _ in range(34)]
signals = np.array(colours) / 65535
vectors = {
    "colours": colours,
    "converted": [
        {"from": source, "to": target, "peakLuminance": peak, "colours": codes(convert(signals, peak))}
        for source, target, convert in [("pq", "hlg", pq_to_hlg), ("hlg", "pq", hlg_to_pq)]
        for peak in PEAKS
    ],
}
text = json.dumps(vectors, separators=(",", ":")).replace('{"from"', '\n{"from"')
output = Path(__file__).parent.parent / "__test__/contract/colour-science.json"
output.write_text(text + "\n")
