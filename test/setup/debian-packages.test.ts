// Prometheus and Alertmanager from Debian's packages without root and without an installation: here with packages and an apt-get of our own.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeFiles } from "../support/prometheus.ts";
import { runTool, type ToolResult } from "../support/run-tool.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MODULE = join(import.meta.dirname, "../../setup/debian-packages.mjs");
/** What apt-get, dpkg and the launchers need, and nothing else: whatever is installed on this machine must not matter. */
const TOOLS = ["node", "sh", "cat", "cp", "rm", "tar", "dpkg", "dpkg-deb"];

const TEMPLATES = "/usr/share/prometheus/alertmanager";
let deb: string;

beforeAll(async () => {
  const folder = temporaryDirectory("pitcrew-deb-");
  writeFiles(join(folder, "tree"), {
    "DEBIAN/control":
      "Package: prometheus-alertmanager\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n",
    [`.${TEMPLATES}/default.tmpl`]: "the template",
    // Like Debian's own, it reads its templates from a fixed place.
    "usr/bin/prometheus-alertmanager": `#!/bin/sh\ncat ${TEMPLATES}/default.tmpl && echo "; arguments: $*"\n`,
    "usr/bin/amtool": '#!/bin/sh\necho "amtool $*"\n',
  });
  for (const name of ["prometheus-alertmanager", "amtool"]) chmodSync(join(folder, "tree/usr/bin", name), 0o755);
  deb = join(folder, "alertmanager.deb");
  const built = await runTool("dpkg-deb", ["--build", "--root-owner-group", join(folder, "tree"), deb]);
  expect(built.code, built.stderr).toBe(0);
});

/** A machine with nothing but these tools, an apt-get with this behaviour, and an empty cache. */
function machine(aptGet: string | undefined) {
  const root = temporaryDirectory("pitcrew-machine-");
  const bin = join(root, "bin");
  mkdirSync(bin);
  for (const tool of TOOLS) symlinkSync(which(tool), join(bin, tool));
  const log = join(root, "apt.log");
  if (aptGet !== undefined) {
    writeFiles(bin, { "apt-get": `#!/bin/sh\necho "$*" >> ${log}\n${aptGet}\n` });
    chmodSync(join(bin, "apt-get"), 0o755);
  }
  const cache = join(root, "cache");
  const script = `
    const { ensureBinaries } = await import(${JSON.stringify(MODULE)});
    const say = (line) => console.error(line);
    try { console.log(JSON.stringify(await ensureBinaries(["alertmanager", "amtool"], { say }))); }
    catch (error) { console.error(error.name + ": " + error.message); process.exit(1); }`;
  const environment = { PATH: bin, PITCREW_CACHE: cache };
  return {
    bin,
    cache,
    ensure: () => runTool(join(bin, "node"), ["--input-type=module", "-e", script], { env: environment }),
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []),
  };
}

function which(tool: string): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin"];
  const found = folders.map((folder) => join(folder, tool)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${tool} is needed for this test: install it`);
  return found;
}

function paths(result: ToolResult): { alertmanager: string; amtool: string } {
  expect(result.code, result.stderr).toBe(0);
  return JSON.parse(result.stdout) as { alertmanager: string; amtool: string };
}

const GIVES_PACKAGE = () => `cp ${deb} ./alertmanager.deb`;

describe("programs that are not on PATH", () => {
  test("are fetched once, work from where they lie, and are found offline from then on", async () => {
    const one = machine(GIVES_PACKAGE());
    const { alertmanager, amtool } = paths(await one.ensure());
    const program = await runTool(alertmanager, ["--flag", "a b"], { cwd: "/" });
    expect(program.stdout).toBe("the template; arguments: --flag a b\n");
    expect((await runTool(amtool, ["x"])).stdout).toBe("amtool x\n");
    expect(await one.ensure()).toMatchObject({ code: 0, stderr: "" });
    expect(one.calls()).toHaveLength(1);
    expect(readdirSync(join(one.cache, "debian/1"))).toEqual(["prometheus-alertmanager"]);
  });

  test("are fetched once by two processes at the same time", async () => {
    const one = machine(GIVES_PACKAGE());
    const [first, second] = await Promise.all([one.ensure(), one.ensure()]);
    expect(paths(first)).toEqual(paths(second));
    expect(one.calls()).toHaveLength(1);
  });

  test("are fetched with package lists of our own if the system has none or old ones", async () => {
    const one = machine(
      `case "$*" in *Dir::State::Lists=*download*) ${GIVES_PACKAGE()};; *update*) ;; *) echo "E: Unable to locate package"; exit 100;; esac`,
    );
    paths(await one.ensure());
    const [plain, update, again] = one.calls();
    expect(plain).not.toContain("Dir::State::Lists");
    expect(update).toContain(`-oDir::State::Lists=${one.cache}/apt/lists`);
    expect(update).toMatch(/ update$/);
    expect(again).toContain(`-oDir::Cache=${one.cache}/apt/cache`);
  });

  test("are fetched again if the download was torn, or a former run was killed while unpacking", async () => {
    const one = machine(`if [ -e "$PITCREW_CACHE/torn" ]; then ${GIVES_PACKAGE()}
else echo torn > ./alertmanager.deb; echo > "$PITCREW_CACHE/torn"; fi`);
    writeFiles(one.cache, { "debian/1/prometheus-alertmanager.partial/usr/bin/amtool": "half a program" });
    const { amtool } = paths(await one.ensure());
    expect((await runTool(amtool, [])).stdout).toBe("amtool \n");
    expect(one.calls()).toHaveLength(2);
  });

  test("without a network give one sentence with apt's reason, and leave nothing that looks whole", async () => {
    const one = machine('echo "E: Failed to fetch http://mirror/x.deb  Temporary failure resolving"; exit 100');
    const { code, stderr } = await one.ensure();
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(
      "SetupError: Debian's package prometheus-alertmanager could not be downloaded " +
        "(Failed to fetch http://mirror/x.deb  Temporary failure resolving): " +
        "check the network, or install prometheus-alertmanager so that its programs are on PATH.",
    );
    expect(existsSync(join(one.cache, "debian/1/prometheus-alertmanager"))).toBe(false);
  });

  test("on a system without apt give one sentence that says what to install", async () => {
    const { code, stderr } = await machine(undefined).ensure();
    expect(code).toBe(1);
    expect(stderr).toBe(
      "SetupError: alertmanager, amtool: not on PATH, and there is no apt-get here to fetch Debian's packages with; " +
        "install Prometheus and Alertmanager (prometheus.io/download) so that these programs are on PATH.\n",
    );
  });
});

test("programs on PATH are taken as they are, under either of their names", async () => {
  const one = machine("exit 100");
  writeFiles(one.bin, { "prometheus-alertmanager": "#!/bin/sh\n", amtool: "#!/bin/sh\n" });
  for (const name of ["prometheus-alertmanager", "amtool"]) chmodSync(join(one.bin, name), 0o755);
  const found = paths(await one.ensure());
  expect(found).toEqual({ alertmanager: join(one.bin, "prometheus-alertmanager"), amtool: join(one.bin, "amtool") });
  expect(one.calls()).toEqual([]);
});
