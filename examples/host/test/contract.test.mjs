// What the addon is held to on every runtime: the host's module meets it with the addon and without.

import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { cases as badInput } from "../../../__test__/contract/bad-input.mjs";
import { cases as cache } from "../../../__test__/contract/cache.mjs";
import { cases as conversion } from "../../../__test__/contract/conversion.mjs";

test.each([
  ["conversion", conversion],
  ["cache", cache],
  ["bad input", badInput],
])("%s", async (_, cases) => {
  const failures = [];
  for (const [name, body] of cases) {
    // Lets vitest report progress.
    await setImmediate();
    try {
      await body();
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  expect(cases.length).toBeGreaterThan(10);
  expect(failures).toEqual([]);
});
