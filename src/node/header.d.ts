// Generated from the doc comments in src/node by `npm run build`. Do not edit.

/** The transfer function of an image: PQ (BT.2100, SMPTE ST 2084) or HLG (BT.2100, ARIB STD-B67). */
export type HdrTransfer = "hlg" | "pq";

