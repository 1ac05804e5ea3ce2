import type { Steps } from '@tidewaiter/collections';
import type { Activity, Observation, RuntimeRecord, RuntimeSource } from '@tidewaiter/domain';

/** Records of one request or file of a sensor. */
export interface SensorRecords {
  records: RuntimeRecord[];
  /** Number of events left out, by reason. */
  ignored: Record<string, number>;
  /** Number of events that the sensor reports as lost. */
  dropped: number;
}

/** The configured connection of a request. */
export interface SensorSource {
  sensor: string;
  cluster: string | null;
  /**
   * ISO 8601: time at which the body was received. It replaces the time of events that have none.
   */
  receivedAt: string;
  /**
   * HMAC key of the installation: secrets of events are masked, and identified by their
   * fingerprints under it.
   */
  fingerprintKey: Uint8Array;
  /** For `generic`: paths of its fields. */
  fields?: GenericSensorFields;
}

/**
 * Tidewaiter's field names, and the path of each in a foreign event:
 * `{ at: 'ts', 'process.executable': 'proc.exe' }`.
 */
export type GenericSensorFields = Readonly<Partial<Record<string, string>>>;

/** Documentation of a kind: its part of `docs/sensors.md` is generated from this. */
export interface SensorPage {
  /** Accepted bodies and their formats. */
  reads: string;
  reports: readonly Activity[];
  /** How a repeated event is recognized. */
  repetition: string;
  /** Reasons for which events are counted and ignored, beside `malformed`. */
  ignores: Readonly<Record<string, string>>;
  /** Limitations, and how sensitive or excess data is handled. */
  note: string;
}

/**
 * How one kind of sensor reports runtime events. Pure: no clock, no network, no state between two
 * requests.
 */
export interface Sensor {
  source: RuntimeSource;
  /** Other values of `kind:` that mean the same. */
  aliases: readonly string[];
  /** Name for readers. */
  title: string;
  about: SensorPage;
  /**
   * Splits a decompressed body into records without secrets.
   * @throws InvalidInput when it is not of this kind
   */
  read(body: Buffer, connection: SensorSource): SensorRecords;
  /** Does the same with a pause after each event, so that a large body stops nothing else. */
  steps(body: Buffer, connection: SensorSource): Steps<SensorRecords>;
  /** Never throws: unreadable values are null. */
  observe(record: RuntimeRecord): Observation;
}
