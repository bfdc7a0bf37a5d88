/** Calls `body` while a property of an object is replaced. */
export function withProperty<Result>(
  object: object,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
  body: () => Result,
): Result {
  const before = Object.getOwnPropertyDescriptor(object, key);
  Object.defineProperty(object, key, { ...descriptor, configurable: true });
  try {
    return body();
  } finally {
    if (before) Object.defineProperty(object, key, before);
    else Reflect.deleteProperty(object, key);
  }
}
