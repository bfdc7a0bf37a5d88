// What the package exports: all of index.d.ts but `__napiBindingTarget`, which is the generator's.

export {
  convertTransfer,
  createHdrImageTransferCache,
  type ConvertTransferOptions,
  type HdrImageTransferCache,
  type HdrImageTransferCacheOptions,
  type HdrImageTransferCacheStats,
  type HdrTransfer,
  type HlgOotf,
} from "./index.js";
