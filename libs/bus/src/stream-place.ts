/** Position in a stream: after the message of that number. */
export interface StreamPlace {
  /** Creation time of the stream. A recreated stream has another one, and its sequence restarts. */
  life: string;
  sequence: number;
}
