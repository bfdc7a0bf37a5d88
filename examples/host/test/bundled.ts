/** Bundled and run: prints which implementation converts, and HLG white in PQ. */

import { checkHdrTransfer, convertTransfer } from "../hdrTransfer.js";

const implementation = checkHdrTransfer({ warn: (message) => console.error(message) });
const white = Buffer.from([0xff, 0xff]);
convertTransfer(white, "hlg", "pq");
console.log(`${implementation}: ${white.readUInt16LE()}`);
