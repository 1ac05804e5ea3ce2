import type { SigmaEvent } from '../event.js';
import type { EventTest } from './answers.js';
import { EventView } from './event-view.js';
import type { LiteralSearch } from './literal-search.js';
import type { Questions, Scan, ScanPlan } from './questions.js';

const alone = -1;

/**
 * Cache of test results for the current event. Each test is evaluated on first use, and once,
 * however many rules need it.
 */
export class Memo {
  /** Number of the event; a test or scan with another mark was not evaluated for this event. */
  event = 0;
  readonly yes: Uint32Array;
  readonly no: Uint32Array;
  readonly scanned: Uint32Array;
  readonly #view: EventView;
  readonly #answers: readonly (EventTest | null)[];
  readonly #scans: readonly Scan[];
  readonly #searches: readonly LiteralSearch[];
  readonly #scanOf: Int32Array;
  /** Result of the last scan; only its first entries are valid. */
  readonly found: number[] = [];

  constructor(questions: Questions, { scans, searches, scanOf }: ScanPlan) {
    this.#answers = questions.answers();
    this.#scans = scans;
    this.#searches = searches;
    this.#view = new EventView(questions.fields);
    this.#scanOf = Int32Array.from(scanOf, (scan) => scan ?? alone);
    this.yes = new Uint32Array(this.#answers.length);
    this.no = new Uint32Array(this.#answers.length);
    this.scanned = new Uint32Array(this.#scans.length);
  }

  look(event: SigmaEvent): void {
    this.event += 1;
    if (this.event > 0xffff_ffff) {
      for (const marks of [this.yes, this.no, this.scanned]) marks.fill(0);
      this.event = 1;
    }
    this.#view.look(event);
    for (const search of this.#searches) search.begin();
  }

  ask = (question: number): boolean => {
    if (this.yes[question] === this.event) return true;
    const scan = this.#scanOf[question]!;
    if (scan === alone) return this.no[question] !== this.event && this.decide(question);
    if (this.scanned[scan] === this.event) return false;
    this.scan(scan);
    return this.yes[question] === this.event;
  };

  /** Evaluates a test that belongs to no scan and was not evaluated yet. */
  decide = (question: number): boolean => {
    const answer = this.#answers[question]!(this.#view);
    (answer ? this.yes : this.no)[question] = this.event;
    return answer;
  };

  /** Evaluates all tests of a scan; returns the number of matches, which are in {@link found}. */
  scan = (scan: number): number => {
    this.scanned[scan] = this.event;
    const count = this.#scans[scan]!.answer(this.#view, this.found);
    for (let index = 0; index < count; index += 1) this.yes[this.found[index]!] = this.event;
    return count;
  };
}
