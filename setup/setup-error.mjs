// What a user can repair: an entry file prints it as one sentence, without a stack, and exits 1.

export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}

/**
 * Runs the body of an entry file.
 * @param {() => Promise<void>} main
 */
export async function runEntry(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
