export { Bridge } from "./bridge";
export type { Phase } from "./connection";
export { BrowserDrafts, type Draft, type Drafts, MemoryDrafts } from "./drafts";
export { Code, Disconnected, RpcError, sentence } from "./errors";
export type * from "./messages";
export { Server, type Sandbox } from "./server";
