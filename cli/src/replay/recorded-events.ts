import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

import { InvalidInput, NotFound, type RuntimeRecord } from '@tidewaiter/domain';
import { type SensorSource, sensorOf } from '@tidewaiter/sensors';
import { z } from 'zod';

/** Limit on a line: the largest event of an audit log is about a third of this. */
const maxLineBytes = 4 * 1024 * 1024;
const newline = 0x0a;
/** Time of an event when neither the event nor its line has one. */
const unknownTime = '1970-01-01T00:00:00Z';

const line = z.looseObject({
  id: z.string().min(1).max(1024),
  at: z.string().max(64).optional(),
  source: z.string(),
  event: z.record(z.string(), z.unknown()),
});

/**
 * Reads recorded events in order, one JSON object a line. Where `source` names a sensor, a line may
 * also be an event as that sensor sends it.
 * @throws NotFound `RECORDING_MISSING`; InvalidInput `RECORDING_INVALID` naming the line
 */
export async function* recordedEvents(path: string, context: Context): AsyncGenerator<RuntimeRecord> {
  let number = 0;
  for await (const text of lines(open(path))) {
    number += 1;
    if (text.trim() === '') continue;
    for (const record of recordsOf(text, number, context)) yield record;
  }
}

function open(path: string): Readable {
  return path === '-' ? process.stdin : createReadStream(path);
}

/** Fields that the lines of a recording lack. */
export interface Context {
  cluster: string | null;
  /** As in an ingest connection: secrets are masked in the same way. */
  fingerprintKey: Uint8Array;
  /** The sensor of lines that are events in its own format. */
  source?: string | undefined;
}

function recordsOf(text: string, number: number, { source: ofBare, ...context }: Context): RuntimeRecord[] {
  const json = parse(text, number);
  const read = line.safeParse(json);
  if (!read.success && ofBare !== undefined)
    return readBy(ofBare, json, number, { ...context, receivedAt: unknownTime });
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(number, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not an event'}`);
  }
  const { id, at, source, event } = read.data;
  const records = readBy(source, event, number, { ...context, receivedAt: at ?? unknownTime });
  // A line is nearly always one event; each event of a list gets an id of its own.
  return records.map((record, index) => ({
    ...record,
    id: index === 0 ? id : `${id}#${index + 1}`,
    at: at ?? record.at,
  }));
}

function readBy(
  source: string,
  event: unknown,
  number: number,
  connection: Omit<SensorSource, 'sensor'>,
): RuntimeRecord[] {
  const sensor = sensorOf(source);
  if (sensor === undefined) throw invalid(number, `unknown source ${source}`);
  return sensor.read(Buffer.from(JSON.stringify(event)), { ...connection, sensor: 'replay' }).records;
}

function parse(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(number, 'not JSON');
  }
}

function invalid(number: number, why: string): InvalidInput {
  return new InvalidInput('RECORDING_INVALID', `line ${number}: ${why}`);
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        yield Buffer.concat([...rest, chunk.subarray(start, end)]).toString('utf8');
        rest = [];
        restBytes = 0;
        start = end + 1;
      }
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
      if (restBytes > maxLineBytes)
        throw new InvalidInput('RECORDING_INVALID', `a line has more than ${maxLineBytes} bytes`);
    }
  } catch (cause) {
    if (cause instanceof InvalidInput) throw cause;
    throw new NotFound('RECORDING_MISSING', 'the recorded events cannot be read', { cause });
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString('utf8');
}
