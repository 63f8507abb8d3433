// The size of a page: 4 KiB on most machines, 16 or 64 KiB on some ARM ones. Node does not tell, the auxiliary vector does.
import { readFileSync } from "node:fs";
import { endianness } from "node:os";

const AT_PAGESZ = 6n;

/** Source: getauxval(3). Pairs of machine words: type, value. */
export function parseAuxvPageSize(auxv: Buffer, wordBytes: 4 | 8, littleEndian: boolean): number | undefined {
  const word = (offset: number): bigint => {
    if (wordBytes === 8) return littleEndian ? auxv.readBigUInt64LE(offset) : auxv.readBigUInt64BE(offset);
    return BigInt(littleEndian ? auxv.readUInt32LE(offset) : auxv.readUInt32BE(offset));
  };
  for (let offset = 0; offset + 2 * wordBytes <= auxv.length; offset += 2 * wordBytes) {
    if (word(offset) !== AT_PAGESZ) continue;
    const size = Number(word(offset + wordBytes));
    return size >= 1024 && size <= 1024 * 1024 && Number.isInteger(Math.log2(size)) ? size : undefined;
  }
  return undefined;
}

let known: number | undefined;

/** Of this machine, whatever `/proc` is being read. Undefined if it could not be found out. */
export function pageSizeBytes(): number | undefined {
  if (known !== undefined) return known;
  try {
    const wordBytes = process.arch === "arm" || process.arch === "ia32" || process.arch === "mipsel" ? 4 : 8;
    known = parseAuxvPageSize(readFileSync("/proc/self/auxv"), wordBytes, endianness() === "LE");
  } catch {
    // Another operating system, or a process that may not look at itself: resident memory is then absent.
    return undefined;
  }
  return known;
}
