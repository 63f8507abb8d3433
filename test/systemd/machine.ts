// A real Debian with a real systemd, booted in a container within half a second and thrown away afterwards.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, onTestFinished } from "vitest";
import { ensureDebianMachine } from "../../setup/debian-machine.mjs";
import { eventually } from "../support/eventually.ts";
import { Machine, type RunOptions, type RunResult, SOURCE } from "../support/machine.ts";
import { PROJECT } from "../support/pitcrew.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { hierarchies, removeCgroups, sweepCgroups } from "./cgroups.ts";
import { firstProcess } from "./first-process.ts";

const PREFIX = "pitcrew-machine-";
/** How long output is waited for after a command has ended. */
const HELD_PIPE_MS = 5000;
/**
 * systemd's "power off" and "reboot". SIGRTMIN is 34 in every glibc. By signal, and nothing enters the machine until the next one is there:
 * the end of a process that came from outside is told to nobody in it, and systemd-shutdown, which waits for it, would wait 90 s.
 */
const POWER_OFF = 34 + 4;
const REBOOT = 34 + 5;

/**
 * Runs as PID 1 of a PID namespace and in a mount namespace of its own: however it ends, every process and every mount of the machine ends
 * with it. The machine has a cgroup of its own, because two without one would take each other's apart. Exit 133 of nspawn is a reboot.
 */
const BOOT = `
name=$1 tree=$2 place=$3
shift 3
for cgroup in $PITCREW_CGROUPS; do mkdir -p "$cgroup/$name" && echo $$ > "$cgroup/$name/cgroup.procs" || exit 1; done
mount -t tmpfs -o mode=0755 tmpfs "$place" || exit 1
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$place/upper,workdir=$place/work" "$place/root" || exit 1
export LD_LIBRARY_PATH="$PITCREW_LIBRARIES"
code=133
while [ $code = 133 ]; do "$@" -D "$place/root"; code=$?; done
exit $code
`;

const OPTIONS = [
  ["--quiet", "--machine=pitcrew-test", "--register=no", "--keep-unit", "--settings=no", "--private-network"],
  ["--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe", "--boot"],
].flat();

let booted = 0;
const alive = new Set<Container>();
// Vitest hears no hook that a beforeAll registers.
afterAll(async () => {
  for (const machine of alive) await machine.destroy();
});

export interface BootOptions {
  /** Further read-only folders and files: path here → path in the machine. */
  bind?: Readonly<Record<string, string>>;
}

/** @throws SetupError if a prerequisite is missing */
export async function bootMachine({ bind = {} }: BootOptions = {}): Promise<Container> {
  const debian = await ensureDebianMachine({ say: () => undefined });
  sweepCgroups(PREFIX);
  const name = `${PREFIX}${process.pid}-${++booted}`;
  const binds = { [process.execPath]: "/usr/bin/node", [PROJECT]: SOURCE, ...bind };
  const nspawn = [
    debian.nspawn,
    ...OPTIONS,
    ...Object.entries(binds).map(([here, there]) => `--bind-ro=${here.replace(/\/$/, "")}:${there}`),
  ];
  const isolate = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const place = temporaryDirectory("pitcrew-machine-");
  const boot = ["sh", "-c", BOOT, "sh", name, debian.root, place, ...nspawn];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...isolate, ...boot], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, PITCREW_CGROUPS: hierarchies().join(" "), PITCREW_LIBRARIES: debian.libraries },
  });
  const machine = new Container(child, name);
  alive.add(machine);
  inTest(() => {
    onTestFinished(async ({ task }) => {
      if (task.result?.state === "fail") await machine.explain();
      await machine.destroy();
    });
  });
  await machine.waitUntilUp();
  return machine;
}

export class Container extends Machine {
  override readonly patienceMs = 240_000;
  private readonly child: ChildProcess;
  private readonly name: string;
  private console = "";
  private leader = 0;

  constructor(child: ChildProcess, name: string) {
    super();
    this.child = child;
    this.name = name;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.console = (this.console + text).slice(-20_000);
      });
    }
  }

  override run(line: string, { stdin = "", within = 240_000 }: RunOptions = {}): Promise<RunResult> {
    const environment = [
      "env",
      "-i",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
      "HOME=/root",
      "LC_ALL=C.UTF-8",
    ];
    const inside = ["-a", "-t", String(this.leader), "-r", "-w", ...environment, "/bin/sh", "-c", line];
    return new Promise((resolve, reject) => {
      const child = spawn("nsenter", inside, { stdio: ["pipe", "pipe", "pipe"] });
      const result = { stdout: "", stderr: "" };
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        child.kill("SIGKILL");
      }, within);
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        result.stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        result.stderr += text;
      });
      child.once("error", reject);
      const end = (code: number | null) => {
        clearTimeout(timer);
        resolve({ ...result, code: late ? 124 : (code ?? 137) });
      };
      // All that it said has been read; unless something that the line left behind holds the pipes.
      child.once("close", end);
      child.once("exit", (code) => setTimeout(end, HELD_PIPE_MS, code).unref());
      child.stdin.on("error", () => undefined).end(stdin);
    });
  }

  /** Orderly, by its own systemd; resolves when everything is up again. */
  async reboot(): Promise<void> {
    process.kill(this.leader, REBOOT);
    await this.waitUntilUp();
  }

  /** Orderly, for good. */
  async powerOff(): Promise<void> {
    const exit = once(this.child, "exit");
    process.kill(this.leader, POWER_OFF);
    await exit;
    await this.destroy();
  }

  override async destroy(): Promise<void> {
    if (!alive.delete(this)) return;
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, "exit");
      this.child.kill("SIGKILL");
      await exit;
    }
    // The kernel takes the processes down one by one.
    await eventually(() => removeCgroups(this.name), { what: `the cgroups of ${this.name} to be empty` });
  }

  /** Of the machine that it finds after the one that it knew. */
  async waitUntilUp(): Promise<void> {
    const former = this.leader;
    let state = "";
    const isUp = async () => {
      if (this.child.exitCode !== null) throw new Error(`the machine did not boot:\n${this.console}`);
      const leader = firstProcess(this.child.pid ?? 0);
      if (leader === 0 || leader === former) return false;
      this.leader = leader;
      const { stdout } = await this.run("systemctl is-system-running --wait", { within: 30_000 });
      state = stdout.trim();
      return ["running", "degraded"].includes(state);
    };
    await eventually(isUp, { what: "the machine to be up", within: 240_000 }).catch((cause: unknown) => {
      throw new Error(`${String(cause)}; it was ${JSON.stringify(state)}\n${this.console}`, { cause });
    });
  }

  /** For a failed test: what the machine has to say. */
  async explain(): Promise<void> {
    if (!alive.has(this)) return;
    const { stdout } = await this.run("systemctl --failed --no-legend; journalctl -b --no-pager -n 60", {
      within: 10_000,
    });
    console.error(`── journal of ${this.name}\n${stdout}`);
  }
}

function inTest(register: () => void): void {
  try {
    register();
  } catch {
    // Not in a test: the end of the file is the end of the machine.
  }
}
