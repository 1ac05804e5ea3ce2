import type { JsonObject } from '@tidewaiter/domain';

/** Longest event: the API server refuses objects above 1.5 MiB. */
const maxLineBytes = 16 * 2 ** 20;

/** An event of a watch, with its line as the API server sent it. */
export interface WatchEvent {
  type: string;
  object: JsonObject;
  line: string;
}

/** Splits the bytes of a watch into its events, those of one read at a time. */
export async function* watchEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const end = rest.lastIndexOf('\n');
    if (end === -1) {
      if (rest.length > maxLineBytes) throw new RangeError('an event of the watch is too long');
      continue;
    }
    const lines = rest.slice(0, end);
    rest = rest.slice(end + 1);
    yield lines.split('\n').filter(Boolean).map(readEvent);
  }
}

function readEvent(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as Partial<WatchEvent>;
  return { type: String(type), object: object ?? {}, line };
}

/** Status of an event of the type `ERROR`: 410 when the version is too old. */
export function statusOf({ object }: WatchEvent): number {
  const { code } = object;
  return typeof code === 'number' ? code : 0;
}
