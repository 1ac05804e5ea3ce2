import type { ObservationSubject } from './subject.js';

type Answer = boolean | string | number | readonly string[] | null | undefined;

/** A fact that rules can use like a field of the event. */
export interface FactField {
  name: string;
  type: 'boolean' | 'text' | 'number' | 'list';
  /** Description of the value, for the documentation. */
  meaning: string;
  /** Condition under which the value is unknown. */
  unknownWhen: string;
  /** Null and undefined mean unknown. */
  answer(subject: ObservationSubject): Answer;
}
