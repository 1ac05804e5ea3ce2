/** Event of the Open Cybersecurity Schema Framework. @see https://schema.ocsf.io/1.6.0 */
export interface OcsfEvent extends Record<string, unknown> {
  /** Milliseconds since 1970. */
  time: number;
  class_uid: number;
  severity_id: number;
  metadata: { uid: string; version: string; product: object };
}
