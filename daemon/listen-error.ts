// Why an address could not be listened on, as one sentence that ends with what to change.

export class ListenError extends Error {
  override readonly name = "ListenError";
  /** An errno name: EADDRINUSE, EACCES, … */
  readonly code: string;

  /** @param address as `host:port`; @param name of the daemon, whose flag is named. */
  constructor(name: string, address: string, cause: unknown) {
    const code = errnoOf(cause);
    super(
      `cannot listen on ${address}: ${reasonOf(code, cause)}; choose another address with --${name}.listen-address`,
      { cause },
    );
    this.code = code;
  }
}

function errnoOf(cause: unknown): string {
  if (typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return "UNKNOWN";
}

function reasonOf(code: string, cause: unknown): string {
  switch (code) {
    case "EADDRINUSE":
      return "another process already listens there";
    case "EACCES":
      return "this user may not use that port";
    case "EADDRNOTAVAIL":
      return "this machine does not have that address";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "that host name has no address";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
