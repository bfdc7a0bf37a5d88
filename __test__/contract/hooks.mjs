// Replaces what the addon reads of the runtime when it is loaded, so that cases can control it. Import it before the addon.

export const { allocUnsafeSlow } = Buffer;

export const hooks = {
  /** Buffer.allocUnsafeSlow. */
  allocate: allocUnsafeSlow,
  /** An ArrayBuffer to report as immutable. Only Node.js 26 with a flag has such ones. */
  immutable: undefined,
};

Buffer.allocUnsafeSlow = (byteLength) => hooks.allocate(byteLength);

/** Calls `body` while `allocate` allocates the Buffers of the addon. */
export function withAllocator(allocate, body) {
  hooks.allocate = allocate;
  try {
    return body();
  } finally {
    hooks.allocate = allocUnsafeSlow;
  }
}

const { prototype } = ArrayBuffer;
const byteLength = Object.getOwnPropertyDescriptor(prototype, "byteLength")?.get;
const immutable = Object.getOwnPropertyDescriptor(prototype, "immutable")?.get;

/** Whether `hooks.immutable` has an effect. Frozen built-ins cannot be replaced. */
export const hasImmutableHook = Reflect.defineProperty(prototype, "immutable", {
  configurable: true,
  get() {
    // Throws a TypeError for anything else, as the real getter.
    byteLength?.call(this);
    return this === hooks.immutable || immutable?.call(this) === true;
  },
});
