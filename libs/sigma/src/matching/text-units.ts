/**
 * The code units of one text after the other, where they are read quickly: to ask a string for one takes longer than the step of
 * an automaton does.
 */
export class TextUnits {
  units = new Uint16Array(8_192);
  #bytes = bytesOf(this.units);

  /** Puts the text in place of the last one, and says how many units it has. */
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
