/** Bad calls, and seeing that their error is the right one. */

import { expect } from "vitest";

export type Failure = [received: unknown, error: typeof Error, code: string, message: string];

export function typeError(received: unknown, message: string): Failure {
  return [received, TypeError, "ERR_INVALID_ARG_TYPE", message];
}

export function valueError(received: unknown, message: string): Failure {
  return [received, TypeError, "ERR_INVALID_ARG_VALUE", message];
}

export function rangeError(received: unknown, message: string): Failure {
  return [received, RangeError, "ERR_OUT_OF_RANGE", message];
}

/** Calls with arguments that TypeScript would not let through. */
export function call(callee: Function, ...args: unknown[]): unknown {
  return callee(...args);
}

export function thrownBy(body: () => unknown): Error & { code?: string } {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

export function expectFailure(body: () => unknown, [, error, code, message]: Failure): void {
  const thrown = thrownBy(body);
  expect(thrown).toBeInstanceOf(error);
  expect(thrown.constructor).toBe(error);
  expect(thrown.name).toBe(error.name);
  expect(thrown.code).toBe(code);
  expect(thrown.message).toBe(message);
  expect(thrown.stack).toContain(".test.ts");
}
