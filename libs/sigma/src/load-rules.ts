import type { CorrelationRule } from './correlation/correlation-rule.js';
import { correlationFields, linkCorrelations, silentParts } from './correlation/link-correlations.js';
import { readCorrelation } from './correlation/read-correlation.js';
import { filtered, readFilter } from './filter.js';
import type { Filter } from './filter.js';
import { isMap } from './located.js';
import type { Located } from './located.js';
import type { Placeholders } from './placeholders.js';
import { readDetectionRule } from './rule-document.js';
import type { DetectionRule } from './rule-document.js';
import { RuleError } from './rule-error.js';
import { readRuleInfo } from './rule-info.js';
import type { RuleInfo } from './rule-info.js';
import { RuleSet } from './rule-set.js';
import { readDocument, splitDocuments } from './yaml-documents.js';

export interface RuleFile {
  path: string;
  text: string;
}

/** A document that was left out, and why. */
export interface RefusedRule {
  file: string;
  line: number;
  reason: string;
  title?: string;
}

export interface LoadOptions {
  /** Values for `%name%`. */
  placeholders?: Readonly<Record<string, readonly string[]>>;
  /** Answers without code made from text, for where that is forbidden. */
  interpreted?: boolean;
}

export interface LoadedRules {
  rules: RuleSet;
  /** Inner ones before those that build on them. */
  correlations: readonly CorrelationRule[];
  refused: readonly RefusedRule[];
}

/** Reads rules, filters and correlations. One that cannot be used is left out with its reason; the others load. */
export function loadRules(files: readonly RuleFile[], options: LoadOptions = {}): LoadedRules {
  const loading = new Loading(new Map(Object.entries(options.placeholders ?? {})));
  for (const file of files) loading.read(file);
  return loading.finish(options.interpreted ?? false);
}

class Loading {
  readonly #rules: DetectionRule[] = [];
  readonly #filters: Filter[] = [];
  readonly #correlations: CorrelationRule[] = [];
  readonly #refused: RefusedRule[] = [];
  /** Ids and names, and who has them. */
  readonly #taken = new Map<string, RuleInfo>();

  constructor(private readonly placeholders: Placeholders) {}

  read({ path, text }: RuleFile): void {
    const documents = this.#attempt(path, null, () => splitDocuments(text)) ?? [];
    for (const each of documents) {
      const document = this.#attempt(path, null, () => readDocument(each));
      if (document) this.#attempt(path, document, () => this.#keep(document, path));
    }
  }

  finish(isInterpreted: boolean): LoadedRules {
    const rules = this.#rules.map((rule) => filtered(rule, this.#filters));
    const correlations = this.#link(rules);
    const parts = silentParts(correlations);
    const otherFields = correlationFields(correlations);
    return {
      rules: new RuleSet(rules, { isInterpreted, parts, otherFields }),
      correlations,
      refused: this.#refused,
    };
  }

  #link(rules: readonly DetectionRule[]): CorrelationRule[] {
    const { linked, refused } = linkCorrelations(
      this.#correlations,
      rules.map(({ info }) => info),
    );
    for (const { info, line, reason } of refused)
      this.#refused.push({ file: info.file, line, reason, title: info.title });
    return linked;
  }

  #keep(document: Located, file: string): void {
    const keys = isMap(document.value) ? document.value : new Map<string, Located>();
    if (keys.has('filter')) {
      this.#filters.push(readFilter(document, this.placeholders));
    } else if (keys.has('correlation')) {
      const correlation = readCorrelation(keys, readRuleInfo(keys, file, document.line));
      this.#take(correlation.info);
      this.#correlations.push(correlation);
    } else {
      const rule = readDetectionRule(document, file, this.placeholders);
      this.#take(rule.info);
      this.#rules.push(rule);
    }
  }

  /** Correlations, filters and incidents call a rule by its id or name. */
  #take(info: RuleInfo): void {
    for (const word of new Set([info.id, info.name])) {
      if (word === null) continue;
      const other = this.#taken.get(word);
      if (other)
        throw new RuleError(info.line, `${other.file}:${other.line} has the same ${word === info.id ? 'id' : 'name'}`);
      this.#taken.set(word, info);
    }
  }

  #attempt<Result>(file: string, document: Located | null, read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      const title = document && isMap(document.value) ? document.value.get('title')?.value : undefined;
      this.#refused.push({ file, line: error.line, reason: error.reason, ...(typeof title === 'string' && { title }) });
      return undefined;
    }
  }
}
