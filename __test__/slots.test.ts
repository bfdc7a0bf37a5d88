/** The slots of cached Buffers, which are internal: as the inspector shows them. */

import { Session } from "node:inspector/promises";

import { allocUnsafeSlow, hooks } from "./contract/hooks.mjs";

import { createHdrImageTransferCache, type HdrImageTransferCache } from "hdr-image-transfer-cache";
import { expect, test } from "vitest";

import { image } from "./contract/images.mjs";

/** What is in the slots of a cache, as the inspector describes it. */
async function slotsOf(cache: HdrImageTransferCache): Promise<(string | undefined)[]> {
  const session = new Session();
  session.connect();
  try {
    Reflect.set(globalThis, "inspected", cache.getConverted);
    const { result } = await session.post("Runtime.evaluate", { expression: "inspected" });
    const propertiesOf = (objectId?: string) =>
      session.post("Runtime.getProperties", { objectId: objectId!, ownProperties: true });
    const { internalProperties } = await propertiesOf(result.objectId);
    const scopes = internalProperties!.find(({ name }) => name === "[[Scopes]]")!.value!;
    for (const { value: scope } of (await propertiesOf(scopes.objectId)).result) {
      const variables = (await propertiesOf(scope?.objectId)).result;
      const buffers = variables.find(({ name }) => name === "buffers");
      if (buffers)
        return (await propertiesOf(buffers.value!.objectId)).result.map(({ value }) => value!.description);
    }
    throw new Error("there is no variable with the Buffers");
  } finally {
    session.disconnect();
  }
}

test("slots are emptied and used again, and a cache miss that fails takes none", async () => {
  const cache = createHdrImageTransferCache(2);
  for (let id = 0; id < 10; id++) cache.getConverted(`${id}`, "pq", "hlg", image(6));
  expect((await slotsOf(cache)).toSorted()).toEqual(["Buffer(6)", "Buffer(6)", undefined]);
  cache.clear();
  const convert = (id: string) => cache.getConverted(id, "pq", "hlg", image(12));
  hooks.allocate = (() => "no Buffer") as never;
  try {
    for (const id of ["a", "b", "c"]) expect(() => convert(id)).toThrow("returned no new Buffer");
  } finally {
    hooks.allocate = allocUnsafeSlow;
  }
  for (const id of ["a", "b", "c"]) convert(id);
  expect((await slotsOf(cache)).toSorted()).toEqual(["Buffer(12)", "Buffer(12)", undefined]);
});
