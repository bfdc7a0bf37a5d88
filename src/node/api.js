/**
 * The public API, made of native functions. It owns the Buffers and allocates them, so that native code need
 * not call JavaScript, nor refer to its objects. It uses built-in functions as they are when the addon is
 * loaded.
 */
(native) => {
  "use strict";

  const { createCache, lookUp, removeDetached, convert, size, bytesUsed, stats, remove, clear } = native;
  // Names of properties, which are compared by address, unlike strings of native code.
  const names = Object.keys(native.transfers);
  const { allocUnsafeSlow } = Buffer;
  const { RangeError, TypeError } = globalThis;
  const { call } = Function.prototype;
  const includes = call.bind(String.prototype.includes);

  /** The getter of a property, as a function of the object; undefined if the runtime has no such property. */
  function getter(prototype, name) {
    const property = Object.getOwnPropertyDescriptor(prototype, name);
    return property && call.bind(property.get);
  }
  const arrayBuffer = getter(Object.getPrototypeOf(Uint8Array.prototype), "buffer");
  const immutable = getter(ArrayBuffer.prototype, "immutable");

  /** Both transfers as one number, which native code reads fastest; as they are if one of them is invalid. */
  function transfers(from, to) {
    const both = names.length * indexOf(from) + indexOf(to);
    return both >= 0 ? both : [from, to];
  }

  /** The index in the names of the transfer functions; NaN if it is none of them. */
  function indexOf(transfer) {
    for (let index = 0; index < names.length; index++) if (names[index] === transfer) return index;
    return NaN;
  }

  /**
   * A new Buffer, or undefined if there is no memory: `napi_create_buffer` aborts the process then, on
   * Node.js 20 and 22. A stack overflow is a RangeError, too.
   */
  function allocate(byteLength) {
    try {
      return allocUnsafeSlow(byteLength);
    } catch (error) {
      if (error instanceof RangeError && !includes(error.message, "call stack")) return undefined;
      throw error;
    }
  }

  /** Whether a value has an immutable ArrayBuffer. The getters throw a TypeError for anything else. */
  function isImmutable(value) {
    if (!immutable) return false;
    try {
      return immutable(arrayBuffer(value));
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  function createHdrImageTransferCache(limits, extra) {
    if (extra !== undefined)
      native.rejectArgument("createHdrImageTransferCache", "second argument; arguments are limits");
    const cache = createCache(limits);
    // By slot. Only the functions below refer to it, so a dropped cache is garbage like any other, even if
    // one of its own Buffers refers to it.
    const buffers = { __proto__: null };

    return {
      getConverted: (imageId, sourceTransfer, targetTransfer, source, extra) => {
        if (extra !== undefined) {
          const known = "imageId, sourceTransfer, targetTransfer, source";
          native.rejectArgument("getConverted", `fifth argument; arguments are ${known}`);
        }
        const direction = transfers(sourceTransfer, targetTransfer);
        let found = lookUp(cache, imageId, direction, source);
        if (typeof found !== "number") return found; // `source`, for equal transfers.
        if (found >= 0) {
          const buffer = buffers[found];
          // A detached Buffer has no elements, but an empty image has none, too.
          if (buffer[0] !== undefined) return buffer;
          if (!removeDetached(cache, buffers, imageId, direction, buffer)) return buffer;
          found = lookUp(cache, imageId, direction, source);
        }
        const byteLength = -1 - found;
        return convert(cache, buffers, imageId, direction, source, byteLength, allocate(byteLength));
      },
      size: () => size(cache),
      bytesUsed: () => bytesUsed(cache),
      stats: () => stats(cache),
      delete: (imageId) => remove(cache, buffers, imageId),
      clear: () => clear(cache, buffers),
    };
  }

  function convertTransfer(buf, from, to, options, extra) {
    if (extra !== undefined)
      native.rejectArgument("convertTransfer", "fifth argument; arguments are buf, from, to, options");
    native.convertTransfer(buf, transfers(from, to), options, isImmutable(buf));
  }

  return { createHdrImageTransferCache, convertTransfer };
};
