// Which pitcrew this is: for --version, the landing page and the build_info metrics.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface BuildInfo {
  version: string;
  /** Of the source; "unknown" unless the build left it in `build-info.json` or the environment names it. */
  revision: string;
  nodeVersion: string;
}

/** @param from the file from which to walk up to the package root. */
export function readBuildInfo(
  from: string = fileURLToPath(import.meta.url),
  environment: NodeJS.ProcessEnv = process.env,
): BuildInfo {
  return {
    version: nearestField(from, "package.json", "version") ?? "unknown",
    revision: environment.PITCREW_REVISION || nearestField(from, "build-info.json", "revision") || "unknown",
    nodeVersion: process.versions.node,
  };
}

/** The field of the nearest such file in this folder or one above, not beyond the package root. */
function nearestField(from: string, file: string, field: string): string | undefined {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const value = stringField(readIfThere(join(folder, file)), field);
    if (value !== undefined) return value;
    if (folder === dirname(folder) || readIfThere(join(folder, "package.json")) !== undefined) return undefined;
  }
}

function stringField(text: string | undefined, field: string): string | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return undefined;
  const found = Object.entries(value).find(([key]) => key === field)?.[1];
  return typeof found === "string" ? found : undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
