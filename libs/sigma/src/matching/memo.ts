import type { SigmaEvent } from '../event.js';
import type { Answer } from './answers.js';
import { EventView } from './event-view.js';
import type { LiteralSearch } from './literal-search.js';
import type { Questions, Scan, ScanPlan } from './questions.js';

const alone = -1;

/** What is known of the event at hand. Questions are answered when first asked, and once, however many rules ask. */
export class Memo {
  /** Number of the event; a question or scan whose mark is another one has not been asked of this event. */
  event = 0;
  readonly yes: Uint32Array;
  readonly no: Uint32Array;
  readonly scanned: Uint32Array;
  readonly #view: EventView;
  readonly #answers: readonly (Answer | null)[];
  readonly #scans: readonly Scan[];
  readonly #searches: readonly LiteralSearch[];
  readonly #scanOf: Int32Array;
  /** What the last scan found, and how much of it. */
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

  /** Answers a question that no scan answers and that has not been asked. */
  decide = (question: number): boolean => {
    const answer = this.#answers[question]!(this.#view);
    (answer ? this.yes : this.no)[question] = this.event;
    return answer;
  };

  /** Answers every question of a scan; returns how many of them with yes, which are in {@link found}. */
  scan = (scan: number): number => {
    this.scanned[scan] = this.event;
    const count = this.#scans[scan]!.answer(this.#view, this.found);
    for (let index = 0; index < count; index += 1) this.yes[this.found[index]!] = this.event;
    return count;
  };
}
