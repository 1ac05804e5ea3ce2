import { isMap, type Located } from '@tidewaiter/yaml';

import type { CorrelationRule } from './correlation/correlation-rule.js';
import { correlationFields, linkCorrelations, silentParts } from './correlation/link-correlations.js';
import { readCorrelation } from './correlation/read-correlation.js';
import { type Filter, filtered, narrows, readFilter } from './filter.js';
import type { Pipeline } from './pipeline.js';
import type { Placeholders } from './placeholders.js';
import { checkCost } from './rule-cost.js';
import { type DetectionRule, readDetectionRule, type RuleFile } from './rule-document.js';
import { RuleError } from './rule-error.js';
import { mapOf } from './rule-fields.js';
import { readRuleInfo, type RuleInfo } from './rule-info.js';
import { RuleSet } from './rule-set.js';
import { readDocument, ruleDocuments } from './rule-yaml.js';

/** Document that was refused, with the reason; or one that was loaded with a warning. */
export interface RefusedRule {
  file: string;
  line: number;
  reason: string;
  title?: string;
}

export interface LoadOptions {
  pipelines?: readonly Pipeline[];
  /** Values for `%name%`; they take precedence over those of pipelines. */
  placeholders?: Readonly<Record<string, readonly string[]>>;
  /** Evaluates rules without generated code, for environments that forbid it. */
  interpreted?: boolean;
  /** Returns why a detection rule is refused; null if it is not. */
  validate?: (rule: RuleInfo) => string | null;
  /** Rules loaded before: a file with the same text is not parsed again. */
  previous?: LoadedRules;
}

export interface LoadedRules {
  rules: RuleSet;
  /** Linked correlations, inner ones before those that build on them. */
  correlations: readonly CorrelationRule[];
  refused: readonly RefusedRule[];
  /** Documents that were loaded, but probably do not mean what their author intended. */
  warnings: readonly RefusedRule[];
  /** Parsed files, for {@link LoadOptions.previous}. */
  readonly files: ReadFiles;
}

/** Parsed files by path, for the same placeholders. */
interface ReadFiles {
  placeholders: string;
  byPath: ReadonlyMap<string, ReadFile>;
}

interface ReadFile {
  text: string;
  parts: readonly Part[];
}

/** Content of one document. */
type Part =
  | { kind: 'rule'; rule: DetectionRule }
  | { kind: 'filter'; filter: Filter }
  | { kind: 'correlation'; correlation: CorrelationRule }
  | { kind: 'refused'; refused: RefusedRule };

const maxRules = 20_000;

/**
 * Loads rules, filters and correlations. An invalid document is refused with its reason; the others
 * load.
 */
export function loadRules(files: readonly RuleFile[], options: LoadOptions = {}): LoadedRules {
  const { previous, interpreted: isInterpreted = false } = options;
  const pipelines = (options.pipelines ?? []).toSorted((a, b) => a.priority - b.priority);
  const placeholders = placeholdersOf(pipelines, options.placeholders ?? {});
  const key = JSON.stringify([...placeholders]);
  const known = previous?.files.placeholders === key ? previous.files.byPath : new Map<string, ReadFile>();
  const byPath = new Map(
    files.map((file) => [file.path, readFile(file, known.get(file.path), placeholders, options.validate)]),
  );

  const gathered = new Gathering();
  for (const { parts } of byPath.values()) for (const part of parts) gathered.take(part);
  const rules = gathered.finishedRules(pipelines);
  const { linked, refused } = linkCorrelations(
    gathered.correlations,
    rules.map(({ info }) => info),
  );
  for (const { info, line, reason } of refused) gathered.refuse(info, line, reason);
  const otherFields = correlationFields(linked);
  return {
    rules: new RuleSet(rules, {
      parts: silentParts(linked),
      otherFields,
      isInterpreted,
      ...(previous && { previous: previous.rules }),
    }),
    correlations: linked,
    refused: gathered.refused,
    warnings: gathered.warnings,
    files: { placeholders: key, byPath },
  };
}

function placeholdersOf(
  pipelines: readonly Pipeline[],
  own: Readonly<Record<string, readonly string[]>>,
): Placeholders {
  return new Map([...pipelines.flatMap(({ values }) => [...values]), ...Object.entries(own)]);
}

function readFile(
  { path, text }: RuleFile,
  known: ReadFile | undefined,
  placeholders: Placeholders,
  validate: LoadOptions['validate'],
): ReadFile {
  if (known?.text === text) return known;
  const documents = attempt(path, undefined, () => ruleDocuments(text));
  if ('refused' in documents) return { text, parts: [{ kind: 'refused', ...documents }] };
  const parts = documents.result.map((each): Part => {
    const document = attempt(path, undefined, () => readDocument(each));
    if ('refused' in document) return { kind: 'refused', ...document };
    const part = attempt(path, document.result, () => readPart(document.result, path, placeholders, validate));
    return 'refused' in part ? { kind: 'refused', ...part } : part.result;
  });
  return { text, parts };
}

function readPart(
  document: Located,
  file: string,
  placeholders: Placeholders,
  validate: LoadOptions['validate'] = () => null,
): Part {
  const map = mapOf(document, 'a rule');
  if (map.has('action')) throw new RuleError(document.line, 'action is not Sigma 2: each document says all of its own');
  if (map.has('filter')) return { kind: 'filter', filter: readFilter(document, file, placeholders) };
  const info = readRuleInfo(map, file, document.line);
  if (map.has('correlation')) return { kind: 'correlation', correlation: readCorrelation(map, info) };
  const problem = validate(info);
  if (problem !== null) throw new RuleError(document.line, problem);
  return { kind: 'rule', rule: readDetectionRule(document, info, placeholders) };
}

function attempt<Result>(
  file: string,
  document: Located | undefined,
  read: () => Result,
): { result: Result } | { refused: RefusedRule } {
  try {
    return { result: read() };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const title = document && isMap(document.value) ? document.value.get('title')?.value : undefined;
    const { line, reason } = error;
    return { refused: { file, line, reason, ...(typeof title === 'string' && { title }) } };
  }
}

/** Collector of the documents of all files. */
class Gathering {
  readonly correlations: CorrelationRule[] = [];
  readonly refused: RefusedRule[] = [];
  readonly warnings: RefusedRule[] = [];
  readonly #rules: DetectionRule[] = [];
  readonly #filters: Filter[] = [];
  /** Ids and names in use, with their rule. */
  readonly #taken = new Map<string, RuleInfo>();

  take(part: Part): void {
    switch (part.kind) {
      case 'refused':
        this.refused.push(part.refused);
        break;
      case 'filter':
        this.#filters.push(part.filter);
        if (!part.filter.excludes) this.warnings.push(problem(part.filter, part.filter.line, keepsOnly));
        break;
      case 'rule':
        if (this.#isNew(part.rule.info)) this.#rules.push(part.rule);
        break;
      case 'correlation':
        if (this.#isNew(part.correlation.info)) this.correlations.push(part.correlation);
        break;
    }
  }

  /** Returns the rules after filters and pipelines were applied. */
  finishedRules(pipelines: readonly Pipeline[]): DetectionRule[] {
    for (const filter of this.#filters)
      if (filter.rules && !this.#rules.some((rule) => narrows(filter, rule)))
        this.refuse(filter, filter.line, 'the filter is about no rule that is here');
    return this.#rules.flatMap((rule) => {
      const narrowed = filtered(rule, this.#filters);
      const result = attempt(rule.info.file, undefined, () => {
        const finished = pipelines.reduce((each, pipeline) => pipeline.apply(each), narrowed);
        checkCost(finished);
        return finished;
      });
      if (!('refused' in result)) return [result.result];
      this.refuse(rule.info, result.refused.line, result.refused.reason);
      return [];
    });
  }

  refuse(of: Titled, line: number, reason: string): void {
    this.refused.push(problem(of, line, reason));
  }

  /**
   * Whether the id and name are unused: correlations, filters and incidents refer to a rule by
   * them, so the first rule keeps them.
   */
  #isNew(info: RuleInfo): boolean {
    const words = [...new Set([info.id, info.name])].filter((word) => word !== null);
    const other = words.map((word) => this.#taken.get(word)).find((each) => each !== undefined);
    if (other)
      this.refuse(info, info.line, `${other.file}:${other.line} has the same ${other.id === info.id ? 'id' : 'name'}`);
    else if (this.#rules.length + this.correlations.length >= maxRules)
      this.refuse(info, info.line, `more than ${maxRules} rules`);
    else {
      for (const word of words) this.#taken.set(word, info);
      return true;
    }
    return false;
  }
}

interface Titled {
  file: string;
  title: string | null;
}

/**
 * Warning about filters that do not exclude: pySigma and this library require both rule and filter
 * to match; the example in Sigma's own text means the opposite.
 */
const keepsOnly = 'the filter keeps only what it selects: to leave that out, write not selection';

function problem({ file, title }: Titled, line: number, reason: string): RefusedRule {
  return { file, line, reason, ...(title !== null && { title }) };
}
