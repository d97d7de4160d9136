import { expect, test } from "vitest";
import { decodeFrame, encodeFrame, TERMINAL } from "../../src/bridge/frames";

test("a frame is one byte of kind, four of channel in network order, then the payload", () => {
  expect([...encodeFrame(TERMINAL, 0x01020304, new Uint8Array([9, 8]))]).toEqual([1, 1, 2, 3, 4, 9, 8]);
});

test("the largest channel comes back as it went", () => {
  const frame = decodeFrame(encodeFrame(TERMINAL, 0xffffffff, new Uint8Array([7])).buffer);
  expect(frame).toEqual({ kind: TERMINAL, channel: 0xffffffff, payload: new Uint8Array([7]) });
});

test("a frame without a whole channel is none", () => {
  expect(decodeFrame(new ArrayBuffer(4))).toBeNull();
  expect(decodeFrame(new ArrayBuffer(5))?.payload).toHaveLength(0);
});
