// How the peers are run: see their own documentation for what their flags mean.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SubjectPlan } from "../measuring/subject.ts";

export function processExporter(binary: string, folder: string, smaps: boolean): SubjectPlan {
  const file = join(folder, "process-exporter.yml");
  writeFileSync(file, "process_names:\n  - name: 'w{{.Matches.ID}}'\n    cmdline: ['leakworker --id=(?P<ID>\\d+)']\n");
  return {
    name: smaps ? "process-exporter, smaps" : "process-exporter",
    argv: (port) => [
      binary,
      "-threads=false",
      `-gather-smaps=${smaps}`,
      "-config.path",
      file,
      "-web.listen-address",
      `127.0.0.1:${port}`,
    ],
  };
}

export function nodeExporter(binary: string, processes: boolean): SubjectPlan {
  return {
    name: processes ? "node_exporter, processes" : "node_exporter",
    argv: (port) => [binary, ...(processes ? ["--collector.processes"] : []), `--web.listen-address=127.0.0.1:${port}`],
  };
}
