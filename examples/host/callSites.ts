/**
 * The four places where the host calls the conversion, each with the host's name and without its other work. Not to be
 * copied: the host has these functions.
 */

import {
  checkHdrTransfer,
  convertTransfer,
  createHdrImageTransferCache,
  type HdrImageTransferCache,
  type HdrTransfer,
  type HdrTransferLogger,
} from "./hdrTransfer.js";

/** A layer that covers the canvas, in `rgb48le` as the canvas is. */
export interface HdrLayer {
  id: string;
  kind: "image" | "video";
  transfer: HdrTransfer;
  /** The decoded image, which is never written to, or the current video frame. */
  data: Buffer;
}

export interface HdrCompositeContext {
  log: HdrTransferLogger;
  hdrTargetTransfer: HdrTransfer;
  hdrImageTransferCache: HdrImageTransferCache;
}

/** `captureHdrStage.ts`: one cache for each job. `HDR_TRANSFER_CACHE_MAX_BYTES` is read as the host reads it. */
export function runCaptureHdrStage(
  log: HdrTransferLogger,
  hdrTargetTransfer: HdrTransfer,
  captureFrames: (context: HdrCompositeContext) => void,
): void {
  checkHdrTransfer(log);
  const hdrCacheMaxBytes = process.env["HDR_TRANSFER_CACHE_MAX_BYTES"]
    ? Number(process.env["HDR_TRANSFER_CACHE_MAX_BYTES"])
    : undefined;
  const hdrImageTransferCache = createHdrImageTransferCache(
    hdrCacheMaxBytes !== undefined ? { maxBytes: hdrCacheMaxBytes } : {},
  );
  captureFrames({ log, hdrTargetTransfer, hdrImageTransferCache });
  log.info?.(`HDR transfer cache: ${JSON.stringify(hdrImageTransferCache.stats())}`);
}

/** `hdrCompositor.ts`: an image layer. The Buffer that the cache returns is shared by all frames: read only. */
export function blitHdrImageLayer(canvas: Buffer, layer: HdrLayer, context: HdrCompositeContext): void {
  const { log, hdrTargetTransfer, hdrImageTransferCache } = context;
  try {
    const hdrRgb = hdrImageTransferCache.getConverted(
      layer.id,
      layer.transfer,
      hdrTargetTransfer,
      layer.data,
    );
    hdrRgb.copy(canvas);
  } catch (error) {
    // The host logs this at debug level; a warning shows why the layer is missing from the frame.
    log.warn(`HDR image blit failed for ${layer.id}: ${error instanceof Error ? error.message : error}`);
  }
}

/** `hdrCompositor.ts`: a video layer. Each decoded frame is converted once, in place. */
export function blitHdrVideoLayer(canvas: Buffer, layer: HdrLayer, context: HdrCompositeContext): void {
  try {
    convertTransfer(layer.data, layer.transfer, context.hdrTargetTransfer);
    layer.data.copy(canvas);
  } catch (error) {
    context.log.warn(`HDR blit failed for ${layer.id}: ${error instanceof Error ? error.message : error}`);
  }
}

/** `captureHdrFrameShared.ts`: one scene of a transition, with the same cache as all other frames. */
export function captureSceneIntoBuffer(
  sceneBuf: Buffer,
  layers: readonly HdrLayer[],
  context: HdrCompositeContext,
): void {
  for (const layer of layers) {
    if (layer.kind === "image") blitHdrImageLayer(sceneBuf, layer, context);
    else blitHdrVideoLayer(sceneBuf, layer, context);
  }
}
