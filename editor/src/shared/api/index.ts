export { Api } from "./client";
export { EventStream } from "./events";
export { asProblem, Problem } from "./problem";
export { HttpTransport, type Transport } from "./transport";
export type * from "./types";
