/**
 * Reusable buffer of a text's code units: reading one from a string takes longer than a step of an
 * automaton.
 */
export class TextUnits {
  units = new Uint16Array(8_192);
  #bytes = bytesOf(this.units);

  /** Replaces the text in the buffer, and returns its number of units. */
  load(text: string): number {
    if (text.length > this.units.length) {
      this.units = new Uint16Array(2 * text.length);
      this.#bytes = bytesOf(this.units);
    }
    this.#bytes.write(text, 0, 'utf16le');
    return text.length;
  }
}

function bytesOf({ buffer }: Uint16Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer);
}
