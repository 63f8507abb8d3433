// Text, written straight into bytes: strings that are put together first make three times as much garbage as they have characters.

const DIGITS = 9;
const GROUP = 10 ** DIGITS;
const ZERO = 48;
const MINUS = 45;
/** More than any number's digits. */
const ENOUGH_BYTES = 32;

/** Grows to the longest text and stays so: one for all texts of a process, each of which is written without a pause. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(initialBytes = 16 * 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  clear(): void {
    this.#length = 0;
  }

  /** A copy of what was written since `clear`. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(copy, 0, 0, this.#length);
    return copy;
  }

  /** As UTF-8. */
  text(text: string): void {
    // Three bytes for a UTF-16 unit at most.
    this.#reserve(3 * text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        // A pair of units must not be cut: what came before it was ASCII.
        at += bytes.write(text.slice(i), at, "utf8");
        break;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  /** As `String(value)` has it. */
  number(value: number): void {
    if (Number.isSafeInteger(value)) this.#integer(value);
    else this.text(String(value));
  }

  #integer(value: number): void {
    this.#reserve(ENOUGH_BYTES);
    if (value < 0) this.#bytes[this.#length++] = MINUS;
    const size = Math.abs(value);
    const high = Math.floor(size / GROUP);
    if (high > 0) this.#digits(high, 1);
    this.#digits(size - high * GROUP, high > 0 ? DIGITS : 1);
  }

  /** @param value below 10^9, or, at the front, below 10^7 */
  #digits(value: number, least: number): void {
    let count = least;
    for (let bound = 10 ** least; value >= bound; bound *= 10) count++;
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const quotient = (rest / 10) | 0;
      this.#bytes[at] = ZERO + rest - quotient * 10;
      rest = quotient;
    }
    this.#length += count;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + bytes, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
