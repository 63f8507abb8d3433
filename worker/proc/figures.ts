// The figures of a process that are read at every look, straight from the bytes that the kernel printed: no string is made of them.

export interface StatFigures {
  /** A zombie is dead, unless only its first thread has ended and others run on. */
  isDead: boolean;
  /** Its first thread has ended and others run on: the kernel then shows no memory for it. */
  isHeadless: boolean;
  ppid: number;
  /** User and system time, in clock ticks. */
  cpuTicks: number;
  /** The same of the children that it has waited for, and of theirs. */
  childCpuTicks: number;
  threads: number;
  startTicks: number;
}

export interface StatmFigures {
  residentPages: number;
  /** Of these, file and shared memory; the rest is anonymous. */
  sharedPages: number;
}

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSE = 0x29;
/** `pid (comm) `: a pid has at most 7 digits, a name at most 63 bytes (kernel threads' are the longest). */
const LONGEST_HEAD = 80;
const MAX_DIGITS = 16;

/**
 * Source: proc_pid_stat(5), fields 3, 4, 14 to 17, 20 and 22. `comm` may hold anything, so counting starts after the last ')'.
 * @returns false if malformed or cut short; then `into` holds nothing of use.
 */
export function scanStat(bytes: Uint8Array, length: number, into: StatFigures): boolean {
  let at = Math.min(length, LONGEST_HEAD) - 2;
  while (at > 0 && !(bytes[at] === CLOSE && bytes[at + 1] === SPACE)) at--;
  if (at <= 0) return false;
  at += 2;
  const state = bytes[at];
  if (bytes[at + 1] !== SPACE) return false;
  at += 2;
  let threads = -1;
  let cpuTicks = 0;
  let childCpuTicks = 0;
  for (let field = 4; field <= 22; field++) {
    const from = at;
    let value = 0;
    let isNumber = true;
    for (; at < length && bytes[at] !== SPACE; at++) {
      const digit = bytes[at] ?? 0;
      if (digit < ZERO || digit > NINE) isNumber = false;
      else value = value * 10 + (digit - ZERO);
    }
    // The field must have ended, or its last digits may be missing.
    if (at >= length) return false;
    const isWhole = isNumber && at > from && at - from <= MAX_DIGITS && value <= Number.MAX_SAFE_INTEGER;
    at++;
    switch (field) {
      case 4:
        if (!isWhole) return false;
        into.ppid = value;
        break;
      case 14:
      case 15:
        if (!isWhole) return false;
        cpuTicks += value;
        break;
      case 16:
      case 17:
        if (!isWhole) return false;
        childCpuTicks += value;
        break;
      case 20:
        if (!isWhole) return false;
        threads = value;
        break;
      case 22:
        if (!isWhole) return false;
        into.startTicks = value;
        break;
      default:
    }
  }
  const isEnded = state === 0x5a; // Z
  into.isDead = state === 0x58 || state === 0x78 || (isEnded && threads <= 1); // X, x
  into.isHeadless = isEnded && threads > 1;
  into.cpuTicks = cpuTicks;
  into.childCpuTicks = childCpuTicks;
  into.threads = threads;
  return true;
}

/**
 * Source: proc_pid_statm(5), fields 2 and 3. The cheapest memory figures, and since Linux 6.16 the exact ones (stat's field 24 is an estimate).
 * @returns false if malformed or cut short.
 */
export function scanStatm(bytes: Uint8Array, length: number, into: StatmFigures): boolean {
  let at = 0;
  for (let field = 1; field <= 3; field++) {
    const from = at;
    let value = 0;
    for (; at < length && bytes[at] !== SPACE; at++) {
      const digit = bytes[at] ?? 0;
      if (digit < ZERO || digit > NINE) return false;
      value = value * 10 + (digit - ZERO);
    }
    if (at >= length || at === from || at - from > MAX_DIGITS || value > Number.MAX_SAFE_INTEGER) return false;
    at++;
    if (field === 2) into.residentPages = value;
    if (field === 3) into.sharedPages = value;
  }
  return true;
}

/** For who has the text. Undefined if malformed or cut short. */
export function parseStatm(text: string): StatmFigures | undefined {
  const figures = { residentPages: 0, sharedPages: 0 };
  const bytes = Buffer.from(text, "latin1");
  return scanStatm(bytes, bytes.length, figures) ? figures : undefined;
}
