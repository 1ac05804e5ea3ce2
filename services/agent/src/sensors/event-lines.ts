import { InvalidInput } from '@tidewaiter/domain';

/** Events of a body of a sensor, one a line. */
export interface EventLines {
  /** Each event ends with a line break. */
  lines: string;
  events: number;
  /** Lines that are no JSON. */
  malformed: number;
}

/**
 * Brings a body into lines that can be joined with those of other bodies: one JSON document, or one
 * a line. Texts stay as they are, since a number may have more digits than JavaScript keeps.
 * @throws InvalidInput `BODY_NOT_JSON` when no line is JSON
 */
export function eventLines(body: Buffer): EventLines {
  const text = body.toString('utf8').trim();
  const whole = parse(text);
  // Within valid JSON a line break is blank space: texts hold it only escaped.
  if (whole !== undefined) return { lines: `${text.replace(/[\r\n]+/g, ' ')}\n`, events: countOf(whole), malformed: 0 };
  let lines = '';
  let [events, malformed] = [0, 0];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const document = parse(trimmed);
    if (document === undefined) malformed += 1;
    else [lines, events] = [`${lines}${trimmed}\n`, events + countOf(document)];
  }
  if (events === 0) throw new InvalidInput('BODY_NOT_JSON', 'The body is not JSON.');
  return { lines, events, malformed };
}

function parse(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    // A number or a text is no event, and a broken line may begin with one.
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An array, or a list of Kubernetes such as the `EventList` of the API server, holds several. */
function countOf(document: unknown): number {
  const items = Array.isArray(document) ? document : (document as { items?: unknown }).items;
  return Array.isArray(items) ? items.length : 1;
}
