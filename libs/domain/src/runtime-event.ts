/** A sensor's own idea of how urgent an event is, Falco's words, most urgent first. */
export const priorities = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'informational',
  'debug',
] as const;

export type Priority = (typeof priorities)[number];

/** One event of a runtime sensor, in our words. A field that the sensor did not fill is null, never an empty string. */
export interface RuntimeEvent {
  /** Stable under redelivery: the sensor's own id, else a hash over what makes the event unique. */
  id: string;
  source: 'falco';
  /** Name of the configured sensor connection. */
  sensor: string;
  cluster: string | null;
  /** ISO 8601 with every fraction digit that the sensor gave (nanoseconds do not fit a JavaScript number). */
  at: string;
  rule: string;
  priority: Priority;
  /** The sensor's sentence. Attacker-controlled text: escape it wherever it is shown. */
  output: string;
  tags: string[];
  host: string | null;
  /** Null for events of the host itself. */
  container: RuntimeContainer | null;
  kubernetes: { namespace: string | null; pod: string | null } | null;
  process: { name: string | null; commandLine: string | null; executable: string | null; user: string | null } | null;
}

export interface RuntimeContainer {
  /** As the sensor gives it, often cut to 12 characters; null where it only named the image. */
  id: string | null;
  name: string | null;
  /** `localhost:5000/shop/app`, without tag. */
  imageRepository: string | null;
  imageTag: string | null;
  imageDigest: string | null;
}
