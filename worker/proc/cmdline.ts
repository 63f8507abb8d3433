// /proc/<pid>/cmdline: the arguments as the process last set them. Untrusted text.

/**
 * Source: proc_pid_cmdline(5): arguments ended by NUL; a process that writes its own title may leave out the last one.
 * @returns empty for kernel threads and zombies.
 */
export function parseCmdline(text: string): string[] {
  if (text === "") return [];
  const args = text.split("\0");
  // Titles (setproctitle) are padded with NULs: those are no arguments.
  while (args.length > 0 && args.at(-1) === "") args.pop();
  return args;
}
