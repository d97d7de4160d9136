/** The connection went away before the answer came: whether the call happened is not known. */
export class Disconnected extends Error {
  override name = "Disconnected";
  constructor() {
    super("The connection was lost before the answer came.");
  }
}

export const Code = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  versionConflict: -32010,
  notFound: -32011,
  exists: -32012,
  refusedPath: -32013,
  tooLarge: -32014,
  noSpace: -32015,
  notAllowed: -32016,
} as const;

/** An error that the bridge answered; `message` is a sentence for people. */
export class RpcError extends Error {
  override name = "RpcError";
  constructor(
    readonly code: number,
    message: string,
    readonly data: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** A sentence for people out of whatever was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof Error && error.message) return error.message;
  return "Something unexpected happened. Reload the page; what you typed is kept.";
}
