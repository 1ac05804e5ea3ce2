import type { Activity, Observation, RuntimeRecord, RuntimeSource } from '@tidewaiter/domain';

/** What one request or file of a sensor holds. */
export interface ReadRecords {
  records: RuntimeRecord[];
  /** How many were left out, by reason. */
  ignored: Record<string, number>;
  /** Events that the sensor says it lost. */
  dropped: number;
}

/** Where a request comes from: the configured connection. */
export interface Connection {
  sensor: string;
  cluster: string | null;
  /** ISO 8601: when the body came. It stands in for the time of events that have none. */
  receivedAt: string;
  /** HMAC key of the installation: secrets of events are masked, and named by their fingerprints under it. */
  fingerprintKey: Uint8Array;
  /** For `generic`: where its fields stand. */
  fields?: GenericFields;
}

/** Our names of fields, and the path at which each stands in a foreign event: `{ at: 'ts', 'process.executable': 'proc.exe' }`. */
export type GenericFields = Readonly<Partial<Record<string, string>>>;

/** What people must know of a kind: its part of `docs/sensors.md` is made of this. */
export interface SensorPage {
  /** What bodies are read, and in what forms. */
  reads: string;
  tells: readonly Activity[];
  /** By what a repeated event is recognised. */
  repetition: string;
  /** What is counted and else left out, by reason; `malformed` and `too-large` go without saying. */
  ignores: Readonly<Record<string, string>>;
  /** What it cannot tell, and what is done with what it tells too much of. */
  note: string;
}

/** How one kind of sensor tells of what runs. Pure: no clock, no network, nothing kept between two requests. */
export interface Sensor {
  source: RuntimeSource;
  /** Other words of `kind:` that mean the same. */
  aliases: readonly string[];
  /** For people. */
  title: string;
  about: SensorPage;
  /** Splits a body, whose compression is undone, into records without secrets. @throws InvalidInput when it is not of this kind */
  read(body: Buffer, connection: Connection): ReadRecords;
  /** Never throws: what cannot be read is null in it. */
  observe(record: RuntimeRecord): Observation;
}
