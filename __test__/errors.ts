/** Calls that fail. */

import { expect } from "vitest";

import { thrownBy } from "./contract/images.mjs";

/** Calls a function with arguments that TypeScript rejects. */
export function call(callee: Function, ...args: unknown[]): unknown {
  return callee(...args);
}

/** Asserts that `body` throws an error of a class, with a code such as `ERR_OUT_OF_RANGE`. */
export function expectError(body: () => unknown, Class: typeof Error, code: string, message: string): void {
  const error = thrownBy(body) as Error & { code?: string };
  expect(error.constructor).toBe(Class);
  expect([error.name, error.code, error.message]).toEqual([Class.name, code, message]);
  expect(error.stack).toContain(".test.ts");
}

/** Asserts that `body` rejects the type of an argument. */
export function expectTypeError(body: () => unknown, message: string): void {
  expectError(body, TypeError, "ERR_INVALID_ARG_TYPE", message);
}
