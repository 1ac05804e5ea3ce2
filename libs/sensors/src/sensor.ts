import type { Observation, RuntimeRecord, RuntimeSource } from '@tidewaiter/domain';

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
  /** For `generic`: where its fields stand. */
  fields?: GenericFields;
}

/** Our names of fields, and the path at which each stands in a foreign event: `{ at: 'ts', 'process.executable': 'proc.exe' }`. */
export type GenericFields = Readonly<Partial<Record<string, string>>>;

/** How one kind of sensor tells of what runs. Pure: no clock, no network, nothing kept between two requests. */
export interface Sensor {
  source: RuntimeSource;
  /** Other words of `kind:` that mean the same. */
  aliases: readonly string[];
  /** For people. */
  title: string;
  /** Splits a body, whose compression is undone, into records. @throws InvalidInput when it is not of this kind */
  read(body: Buffer, connection: Connection): ReadRecords;
  /** Never throws: what cannot be read is null in it. */
  observe(record: RuntimeRecord): Observation;
}
