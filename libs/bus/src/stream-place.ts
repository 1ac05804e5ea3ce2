/** A place in a stream: after the message of that number. */
export interface StreamPlace {
  /** When the stream was made. One that was lost comes back with another life, and its numbers start again. */
  life: string;
  sequence: number;
}
