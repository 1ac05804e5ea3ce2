import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

/** Element of an array of a JSON document, as text. */
export interface JsonElement {
  text: string;
  sizeBytes: number;
}

const maxDepth = 64;
const maxElementBytes = 16 * 1024 * 1024;

const quote = 0x22;
const backslash = 0x5c;
const openers = new Set([0x7b, 0x5b]);
const closers = new Set([0x7d, 0x5d]);

/**
 * Yields the objects of the arrays that are values of the outermost object, `{"list": [{…}, {…}]}`,
 * one after another: a document may have gigabytes. Values of the elements are not checked.
 * @throws InvalidInput `FEED_FORMAT` for a document that ends early
 * @throws LimitExceeded `maxElementBytes`, `maxDepth`
 */
export async function* jsonElements(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<JsonElement> {
  const reader = new ElementReader();
  for await (const chunk of bytes) yield* reader.read(chunk);
  reader.end();
}

/** Depth of the elements: inside the outermost object and an array. */
const elementDepth = 2;

class ElementReader {
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  /** Bytes of the element that has begun, in earlier chunks. */
  #parts: Uint8Array[] = [];
  #size = 0;

  *read(chunk: Uint8Array): Generator<JsonElement> {
    let start = this.#depth > elementDepth ? 0 : -1;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (this.#isText) this.#readText(byte);
      else if (byte === quote) this.#isText = true;
      else if (openers.has(byte)) {
        if (this.#depth === elementDepth) start = at;
        this.#depth += 1;
        if (this.#depth > maxDepth) throw new LimitExceeded('maxDepth', `JSON is nested deeper than ${maxDepth}`);
      } else if (closers.has(byte)) {
        this.#depth -= 1;
        if (this.#depth === elementDepth) {
          yield this.#element(chunk.subarray(start, at + 1));
          start = -1;
        }
      }
    }
    if (start !== -1) this.#keep(chunk.subarray(start));
  }

  end(): void {
    if (this.#depth !== 0 || this.#isText) throw new InvalidInput('FEED_FORMAT', 'the document ends early');
  }

  #readText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#isText = false;
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#size <= maxElementBytes) return;
    throw new LimitExceeded('maxElementBytes', `a record has more than ${maxElementBytes} bytes`);
  }

  #element(last: Uint8Array): JsonElement {
    this.#keep(last);
    const element = { text: Buffer.concat(this.#parts).toString('utf8'), sizeBytes: this.#size };
    this.#parts = [];
    this.#size = 0;
    return element;
  }
}
