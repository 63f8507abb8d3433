// npm run build
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { runEntry } from "./setup-error.mjs";

await runEntry(async () => {
  await ensureInstalled();
  await ensureBuilt();
});
