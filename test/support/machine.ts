// A machine of its own with a real systemd, as tests see it, whatever boots it: a container (test/systemd) or an emulator (test/vm).

/** Where a machine sees this project. */
export const SOURCE = "/src/pitcrew";

export interface RunResult {
  /** 128+n for a signal; 124 when it took too long. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  /** Milliseconds until it is killed. */
  within?: number;
}

export abstract class Machine {
  /** What is awaited comes in seconds; this is how long it may take where ten other things are done at once, in milliseconds. */
  abstract readonly patienceMs: number;

  /** Runs a line of POSIX shell as root in the machine, to its end, whatever it answers. */
  abstract run(line: string, options?: RunOptions): Promise<RunResult>;

  /** Everything in it is killed, and nothing of it stays. Happens by itself when the test, or the file, has ended. */
  abstract destroy(): Promise<void>;

  /** As `run`, but a failure throws with all that was said; gives stdout without its last line break. */
  async must(line: string, options?: RunOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(line, options);
    if (code !== 0) throw new Error(`in the machine, exit ${code}: ${line}\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, "");
  }

  /** Makes the folder, too. */
  async write(path: string, content: string, mode = "0644"): Promise<void> {
    await this.must(`mkdir -p "$(dirname '${path}')" && cat > '${path}' && chmod ${mode} '${path}'`, {
      stdin: content,
    });
  }
}
