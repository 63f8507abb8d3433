// The boot a reading belongs to, and how long it has lasted: the frame that start ticks are counted in.
import { textOf } from "./proc/read-text.ts";
import { standingText } from "./proc/standing-text.ts";

/**
 * Start ticks in /proc are in USER_HZ, which is part of Linux' user-space ABI and 100 on every architecture that Node runs on, whatever
 * CONFIG_HZ the kernel was built with (sysconf(3), _SC_CLK_TCK).
 */
export const CLOCK_TICKS_PER_SECOND = 100;

/** A UUID that is new at every boot; undefined if unreadable. Source: proc_sys_kernel(5), random. */
export function readBootId(procRoot = "/proc"): string | undefined {
  const text = textOf(`${procRoot}/sys/kernel/random/boot_id`)?.trim();
  return text !== undefined && /^[0-9a-f-]{36}$/.test(text) ? text : undefined;
}

/** Seconds since boot, time in suspend included, as start ticks are. Source: proc_uptime(5). */
export function readUptimeSeconds(procRoot = "/proc"): number | undefined {
  const text = standingText(`${procRoot}/uptime`);
  return text === undefined ? undefined : parseUptime(text);
}

/** @returns undefined if malformed or cut short. */
export function parseUptime(text: string): number | undefined {
  const seconds = /^([0-9]{1,12}\.[0-9]{2}) /.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
