/** Binary frames: one byte of kind, four of channel (big endian), then the payload. */

export const TERMINAL = 0x01;
const HEAD = 5;

export interface Frame {
  kind: number;
  channel: number;
  payload: Uint8Array;
}

export function encodeFrame(kind: number, channel: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, channel);
  bytes.set(payload, HEAD);
  return bytes;
}

/** `null` for a frame that is too short to have a channel. */
export function decodeFrame(data: ArrayBuffer): Frame | null {
  if (data.byteLength < HEAD) return null;
  const view = new DataView(data);
  return { kind: view.getUint8(0), channel: view.getUint32(1), payload: new Uint8Array(data, HEAD) };
}
