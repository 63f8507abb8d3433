// A web.yml of a test's own, in a folder that also holds certificates, so that relative paths are tried.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { createAuthority } from "../../support/certificates.ts";
import { writeFiles } from "../../support/prometheus.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

export function createWebFiles() {
  const authority = createAuthority();
  const server = authority.issue("server", {});
  const other = authority.issue("other", {});
  return {
    authority,
    server,
    written(text: string): { file: string; folder: string } {
      const folder = temporaryDirectory();
      const file = join(folder, "web.yml");
      writeFiles(folder, {
        "web.yml": text,
        "server.crt": server.cert,
        "server.key": server.key,
        "other.key": other.key,
        "ca.crt": authority.cert,
        "empty.crt": "",
      });
      chmodSync(file, 0o600);
      return { file, folder };
    },
  };
}
