// The README's "Protect your own training script" is what people copy: every block of it is run, with memory enough and without.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { DEBIAN_PYTHON, ensureOptuna } from "../setup/optuna.mjs";
import { loaded } from "./config/written-config.ts";
import { PROJECT } from "./support/pitcrew.ts";
import { runTool } from "./support/run-tool.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { createPlace, LIBRARY } from "./worker/brake/python-brake.ts";

interface Block {
  language: string;
  text: string;
}

/** A block in a list is indented as a whole. */
function blocksOf(section: string): Block[] {
  return [...section.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = "", language = "", text = ""]) => ({
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

const [, section = ""] =
  /^## Protect your own training script\n([\s\S]*?)^## /m.exec(readFileSync(join(PROJECT, "README.md"), "utf8")) ?? [];
const blocks = blocksOf(section);
const python = blocks.filter(({ language }) => language === "python");
function only(language: string): string {
  const found = blocks.filter((block) => block.language === language);
  expect(found).toHaveLength(1);
  return found[0]?.text ?? "";
}

/** Optuna's imports and pip's take seconds on a busy machine. */
const TIMEOUT = 90_000;

let optuna: { PYTHONPATH: string; LD_LIBRARY_PATH: string };
beforeAll(async () => {
  optuna = await ensureOptuna({ say: () => {} });
}, 300_000);

/** As `python3 train.py` runs it. Where memory is low, it is for every brake that the block creates, without any waiting. */
async function runPython(text: string, memory: "enough" | "low") {
  const place = createPlace();
  const folder = temporaryDirectory();
  writeFileSync(join(folder, "train.py"), text);
  const low = `import pitcrew_brake
_init = pitcrew_brake.Brake.__init__
def low(self, *arguments, **options):
    _init(self, *arguments, **{**options, "threshold": 1 << 60, "spacing": 0, "jitter": 0})
pitcrew_brake.Brake.__init__ = low
`;
  writeFileSync(join(folder, "sitecustomize.py"), memory === "low" ? low : "");
  const result = await runTool(DEBIAN_PYTHON, ["train.py"], {
    cwd: folder,
    env: { ...place.environment, ...optuna, PYTHONPATH: [folder, LIBRARY, optuna.PYTHONPATH].join(":") },
  });
  return { ...result, record: place.record(), folder };
}

test("the section has a block for each way to use the brake", () => {
  expect(blocks.map(({ language }) => language)).toEqual([
    "sh",
    "python",
    "python",
    "python",
    "js",
    "yaml",
    "bash",
    "python",
  ]);
});

describe.each(python.map(({ text }, index) => ({ number: index + 1, text })))("Python's block $number", ({ text }) => {
  test("runs to its end while there is memory enough", { timeout: TIMEOUT }, async () => {
    const { code, stderr, record } = await runPython(text, "enough");
    expect(stderr).not.toContain("Traceback");
    expect({ code, brakes: record.brakes_total, ending: record.ending }).toEqual({ code: 0, brakes: 0, ending: null });
  });

  test("leaves with 42 after ten brakes when memory is low", { timeout: TIMEOUT }, async () => {
    const { code, record } = await runPython(text, "low");
    expect({ code, brakes: record.brakes_total, ending: record.ending?.reason }).toEqual({
      code: 42,
      brakes: 10,
      ending: "brake_limit",
    });
  });
});

test("the loop comes to every item", async () => {
  const { stdout } = await runPython(python[0]?.text ?? "", "enough");
  expect(stdout).toBe("trained with {'lr': 0.1}\ntrained with {'lr': 0.01}\ntrained with {'lr': 0.001}\n");
});

test("both ways of getting the Python file give a script what it imports; the installed one is typed", {
  timeout: TIMEOUT,
}, async () => {
  const training = temporaryDirectory();
  const packages = temporaryDirectory();
  const source = () => readdirSync(LIBRARY).filter((name) => name !== "__pycache__");
  const before = source();
  const { code, stderr } = await runTool("bash", ["-e", "-c", only("sh")], {
    cwd: PROJECT,
    env: {
      ...process.env,
      TRAINING: training,
      PIP_TARGET: packages,
      PIP_NO_INDEX: "1",
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
    },
  });
  expect(code, stderr).toBe(0);
  const use = "import pitcrew_brake; pitcrew_brake.Brake(threshold=1).check(); print(pitcrew_brake.__file__)";
  for (const folder of [training, packages]) {
    const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout } = await runTool("python3", ["-c", use], { env });
    expect(stdout.startsWith(folder)).toBe(true);
  }
  expect(existsSync(join(packages, "pitcrew_brake", "py.typed"))).toBe(true);
  // An installation leaves nothing behind in the folder that it was made from.
  expect(source()).toEqual(before);
});

test("Node's block comes to every job", async () => {
  const folder = temporaryDirectory();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PROJECT, join(folder, "node_modules", "pitcrew"));
  writeFileSync(join(folder, "train.mjs"), only("js"));
  const { code, stdout } = await runTool(process.execPath, ["train.mjs"], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "did a\ndid b\ndid c\n" });
});

test("pitcrew.yml is one that pitcrew takes", () => {
  const [train] = loaded(only("yaml")).workers;
  expect(train?.stop.drainSeconds).toBe(600);
});

test("a pipe loses exit code 42 without pipefail, and keeps it with it", async () => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, "train.py"), "import sys\nprint('trial 1')\nsys.exit(42)\n");
  const { stdout } = await runTool("bash", ["-c", only("bash")], { cwd: folder });
  expect(stdout).toBe("trial 1\nexit code 0\ntrial 1\nexit code 42\n");
});
