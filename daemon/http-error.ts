// An answer other than success, thrown by any handler: one middleware turns it into `{code, message}`.

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  /** Stable: `unauthorized`, `malformed`, `too_large`, … */
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

/**
 * What an error of Express, of its body parser or of ours means to the client. Nothing of an unknown error is shown:
 * its text may name paths and secrets, so it belongs in the log.
 */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const status = statusOf(error);
  if (status === 413)
    return new HttpError(413, "too_large", "the body is larger than this server accepts", { cause: error });
  if (status === 415) {
    return new HttpError(415, "unsupported_media_type", "expected uncompressed application/json in UTF-8", {
      cause: error,
    });
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new HttpError(400, "malformed", "the request could not be understood", { cause: error });
  }
  return new HttpError(500, "internal", "internal error: see the log", { cause: error });
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("status" in error)) return undefined;
  return typeof error.status === "number" ? error.status : undefined;
}
