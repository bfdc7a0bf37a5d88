/**
 * The JavaScript part of the bindings: from the native functions of a cache to the functions that native code calls.
 * They use built-in functions as they are when the addon is loaded.
 */
(getConverted, size, bytesUsed, stats, remove, clear) => {
  "use strict";

  const { allocUnsafeSlow } = Buffer;
  const { RangeError, TypeError } = globalThis;
  const includes = Function.prototype.call.bind(String.prototype.includes);
  const getter = (name) => {
    const property = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, name);
    return property && Function.prototype.call.bind(property.get);
  };
  const byteLength = getter("byteLength");
  const immutable = getter("immutable");
  const transferIndex = (transfer) => (transfer === "pq" ? 0 : transfer === "hlg" ? 1 : -1);

  return {
    /**
     * A cache with the given native part. Only its functions refer to its Buffers, so a dropped cache is garbage like
     * any other, even if one of its own Buffers refers to it.
     */
    createCache(native) {
      const buffers = { __proto__: null };
      return {
        getConverted: (imageId, sourceTransfer, targetTransfer, source) =>
          getConverted(
            native,
            buffers,
            imageId,
            transferIndex(sourceTransfer),
            transferIndex(targetTransfer),
            source,
            sourceTransfer,
            targetTransfer,
          ),
        size: () => size(native),
        bytesUsed: () => bytesUsed(native),
        stats: () => stats(native),
        delete: (imageId) => remove(native, buffers, imageId),
        clear: () => clear(native, buffers),
      };
    },

    /**
     * A new Buffer, or undefined if there is no memory: `napi_create_buffer` aborts the process then, on Node.js 20 and
     * 22. The exception is caught here, because native code would also catch the termination of a worker, which then
     * never ends. A stack overflow is a RangeError, too.
     */
    allocate(size) {
      try {
        return allocUnsafeSlow(size);
      } catch (error) {
        if (error instanceof RangeError && !includes(error.message, "call stack")) return undefined;
        throw error;
      }
    },

    /** The index of a `MemoryKind`. The getters of ArrayBuffer throw a TypeError for a SharedArrayBuffer. */
    memoryKind(buffer) {
      try {
        byteLength(buffer);
      } catch (error) {
        if (error instanceof TypeError) return 1;
        throw error;
      }
      return immutable?.(buffer) ? 2 : 0;
    },
  };
};
