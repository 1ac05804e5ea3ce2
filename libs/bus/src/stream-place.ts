/** A place in a stream: after the message of that number. */
export interface StreamPlace {
  /** Creation time of the stream. A stream that was lost and recreated has another one, and its sequence restarts. */
  life: string;
  sequence: number;
}
