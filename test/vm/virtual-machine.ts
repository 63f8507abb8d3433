// A real Debian on a kernel and a memory of its own, emulated: for what the kernel does to units, which a container's systemd cannot ask of it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { afterAll } from "vitest";
import { ensureVirtualMachine } from "../../setup/virtual-machine.mjs";
import { Machine, type RunOptions, type RunResult } from "../support/machine.ts";
import { PROJECT } from "../support/pitcrew.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** An emulated processor is some ten times slower. */
const PATIENCE_MS = 600_000;
const MEMORY_MIB = 1024;

/** In a mount and PID namespace of its own: however it ends, nothing of the emulator stays. */
const BOOT = `
root=$1 images=$2 place=$3
shift 3
mount --bind "$images" "$root/mnt" && mount --bind "$place" "$root/tmp" && mount -t proc proc "$root/proc" || exit 1
exec chroot "$root" "$@"
`;

const QEMU = [
  ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-nic", "none"],
  ["-M", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", `${MEMORY_MIB}`],
  // What the machine writes goes to a file that is already deleted.
  ["-drive", "file=/mnt/disk,format=raw,if=virtio,snapshot=on"],
  ["-drive", "file=/tmp/files.tar,format=raw,if=virtio,readonly=on"],
  ["-kernel", "/mnt/vmlinuz", "-initrd", "/mnt/initrd", "-append", "root=/dev/vda rw console=ttyS0 quiet"],
  ["-chardev", "file,id=console,path=/tmp/console", "-serial", "chardev:console"],
  ["-device", "virtio-serial"],
  ["-chardev", "stdio,id=entrance,signal=off", "-device", "virtserialport,chardev=entrance,name=pitcrew"],
].flat();

const alive = new Set<VirtualMachine>();
// Vitest hears no hook that a beforeAll registers.
afterAll(async () => {
  for (const machine of alive) await machine.destroy();
});

/** @throws SetupError if a prerequisite is missing */
export async function bootVirtualMachine(): Promise<Machine> {
  const { emulator, images } = await ensureVirtualMachine({ say: () => undefined });
  const place = temporaryDirectory("pitcrew-vm-");
  pack(join(place, "files.tar"));
  const isolate = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", BOOT, "sh", emulator, images, place];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", ...isolate, ...QEMU], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH, TMPDIR: "/tmp" },
  });
  const machine = new VirtualMachine(child, join(place, "console"));
  alive.add(machine);
  await machine.up;
  return machine;
}

/** This project as a release brings it, with its libraries, and the program that lets the tests in. */
function pack(archive: string): void {
  const { files } = JSON.parse(must("cat", ["package.json"])) as { files: string[] };
  const libraries = must("npm", ["ls", "--omit=dev", "--all", "--parseable"])
    .split("\n")
    .map((path) => relative(PROJECT, path))
    .filter((path) => path.startsWith("node_modules/"));
  must("tar", ["-cf", archive, "package.json", "LICENSE", ...files, ...libraries, "test/vm/entrance.mjs"]);
}

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: PROJECT, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: exit ${status}\n${stderr}`);
  return stdout;
}

type Answer = { up: true } | ({ id: number } & RunResult);

class VirtualMachine extends Machine {
  override readonly patienceMs = PATIENCE_MS;
  /** Settles when the machine lets us in, or has ended without. */
  readonly up: Promise<void>;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(result: RunResult): void; reject(cause: Error): void }>();
  private asked = 0;

  /** @param console the file that the machine's console goes to */
  constructor(child: ChildProcess, console: string) {
    super();
    this.child = child;
    child.stderr?.pipe(process.stderr);
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    child.stdin?.on("error", () => undefined);
    this.up = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => {
        clearTimeout(timer);
        const said = existsSync(console) ? readFileSync(console, "utf8").slice(-5000) : "";
        const cause = new Error(`the virtual machine ended (exit ${code})\n${said}`);
        reject(cause);
        for (const request of this.waiting.values()) request.reject(cause);
      });
      if (child.stdout === null) throw new Error("its output is not piped");
      createInterface({ input: child.stdout }).on("line", (line) => {
        const answer = JSON.parse(line) as Answer;
        if ("up" in answer) {
          clearTimeout(timer);
          resolve();
        } else this.waiting.get(answer.id)?.resolve(answer);
      });
    });
  }

  override async run(line: string, { stdin = "", within = PATIENCE_MS }: RunOptions = {}): Promise<RunResult> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) throw new Error(`the virtual machine has ended: ${line}`);
    const id = ++this.asked;
    return await new Promise<RunResult>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, line, stdin, within })}\n`);
    }).finally(() => this.waiting.delete(id));
  }

  override async destroy(): Promise<void> {
    if (!alive.delete(this)) return;
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return;
    const exit = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exit;
  }
}
