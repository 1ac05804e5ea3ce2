import { type CompiledRules, partsOf } from './compiled-rules.js';
import type { CorrelationRule } from './correlation/correlation-rule.js';
import { correlationFields, linkCorrelations, silentParts } from './correlation/link-correlations.js';
import { type Filter, filtered, narrows } from './filter.js';
import type { Pipeline } from './pipeline.js';
import type { Placeholders } from './placeholders.js';
import { checkCost } from './rule-cost.js';
import type { DetectionRule, RuleFile } from './rule-document.js';
import type { RuleInfo } from './rule-info.js';
import { attempt, type RulePart, readParts, type RefusedRule } from './rule-parts.js';
import { RuleSet } from './rule-set.js';

export interface LoadOptions {
  pipelines?: readonly Pipeline[];
  /** Values for `%name%`; they take precedence over those of pipelines. */
  placeholders?: Readonly<Record<string, readonly string[]>>;
  /** Evaluates rules without generated code, for environments that forbid it. */
  interpreted?: boolean;
  /** Returns why a detection rule is refused; null if it is not. */
  validate?: (rule: RuleInfo) => string | null;
  /**
   * Rules loaded before: a file with the same text is not parsed again, and one with a document
   * that is refused now keeps what it had: rules that it does not have in a good version any more.
   */
  previous?: LoadedRules;
  /** Rules that the build has parsed and checked: files with the same text need no parsing. */
  compiled?: CompiledRules;
}

export interface LoadedRules {
  rules: RuleSet;
  /** Linked correlations, inner ones before those that build on them. */
  correlations: readonly CorrelationRule[];
  refused: readonly RefusedRule[];
  /** Refused documents of files that were in use before, and keep the rules that they had. */
  superseded: readonly RefusedRule[];
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
  parts: readonly RulePart[];
  /** Documents of earlier versions that are in use while this one has a refused document. */
  kept: readonly RulePart[];
  /** Whether an earlier version was in use. */
  isChange: boolean;
}

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
  // The build has no placeholders.
  const compiled = placeholders.size === 0 ? options.compiled : undefined;
  const { validate = () => null } = options;
  const partsOfFile = (file: RuleFile) =>
    (compiled && partsOf(file, compiled, validate)) ?? readParts(file, placeholders, validate);
  const byPath = new Map(
    files.map((file) => {
      const before = known.get(file.path);
      return [file.path, before?.text === file.text ? before : readFile(file.text, partsOfFile(file), before)];
    }),
  );

  const gathered = new Gathering();
  const superseded: RefusedRule[] = [];
  for (const { parts, kept, isChange } of byPath.values()) {
    for (const part of [...parts, ...kept]) gathered.take(part);
    if (isChange) superseded.push(...refusedIn(parts));
  }
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
    superseded,
    warnings: gathered.warnings,
    files: { placeholders: key, byPath },
  };
}

function readFile(text: string, parts: readonly RulePart[], before: ReadFile | undefined): ReadFile {
  const isRefused = refusedIn(parts).length > 0;
  const isChange = before !== undefined && (before.isChange || refusedIn(before.parts).length === 0);
  if (!isRefused || !isChange) return { text, parts, kept: [], isChange: false };
  const names = new Set(parts.map(nameOf));
  const kept = [...before.parts, ...before.kept].filter((part) => part.kind !== 'refused' && !names.has(nameOf(part)));
  return { text, parts, kept, isChange };
}

/** Name of a document in every version of its file; null for a refused one. */
function nameOf(part: RulePart): string | null {
  if (part.kind === 'refused') return null;
  if (part.kind === 'filter') return part.filter.title;
  const { id, title, file } = part.kind === 'rule' ? part.rule.info : part.correlation.info;
  // A rule without an id and a name has its line as its id.
  return id.startsWith(`${file}:`) ? title : id;
}

function refusedIn(parts: readonly RulePart[]): RefusedRule[] {
  return parts.flatMap((part) => (part.kind === 'refused' ? [part.refused] : []));
}

function placeholdersOf(
  pipelines: readonly Pipeline[],
  own: Readonly<Record<string, readonly string[]>>,
): Placeholders {
  return new Map([...pipelines.flatMap(({ values }) => [...values]), ...Object.entries(own)]);
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

  take(part: RulePart): void {
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
