import { createHash } from 'node:crypto';

import type { CorrelationRule } from './correlation/correlation-rule.js';
import type { LogSource } from './event.js';
import { type Expression, mapLeaves, type Test } from './expression.js';
import { parseNetwork } from './matching/cidr.js';
import { acceptCost, checkCost } from './rule-cost.js';
import type { RuleFile } from './rule-document.js';
import { RuleError } from './rule-error.js';
import type { RuleInfo } from './rule-info.js';
import { attempt, type RulePart, readParts } from './rule-parts.js';
import { parseString, written } from './sigma-string.js';

/**
 * Parsed and checked files by the hash of their text. Parsing YAML and checking that each regular
 * expression has an automaton of bounded size takes seconds for hundreds of rules.
 */
export type CompiledRules = ReadonlyMap<string, readonly CompiledPart[]>;

/** Rule or correlation as JSON, without the file that it is from. */
type CompiledPart =
  | { kind: 'rule'; info: Info; logsource: LogSource; expression: Expression }
  | {
      kind: 'correlation';
      info: Info;
      correlation: Omit<CorrelationRule, 'info' | 'aliases'>;
      aliases: [string, [string, string][]][];
    };

type Info = Omit<RuleInfo, 'file'>;

/**
 * Compiles files for {@link readCompiledRules}. A file of which a document would be refused, has no
 * id of its own, or is a filter is left out: it is parsed when it is loaded.
 */
export function compileRules(files: readonly RuleFile[]): string {
  const compiled = files.flatMap((file) => {
    const parts = readParts(file, new Map(), () => null).map(compiledPart);
    return parts.every((part) => part !== null) ? [[hashOf(file.text), parts]] : [];
  });
  return JSON.stringify(compiled);
}

/** @param text result of {@link compileRules} of the same version */
export function readCompiledRules(text: string): CompiledRules {
  return new Map(JSON.parse(text) as [string, CompiledPart[]][]);
}

/** Returns the documents of a file; undefined if it was not compiled, or would be refused now. */
export function partsOf(
  { path, text }: RuleFile,
  compiled: CompiledRules,
  validate: (rule: RuleInfo) => string | null,
): RulePart[] | undefined {
  const parts = compiled.get(hashOf(text))?.map((part) => restored(part, path));
  const isValid = parts?.every((part) => part.kind !== 'rule' || validate(part.rule.info) === null);
  return isValid ? parts : undefined;
}

function compiledPart(part: RulePart): CompiledPart | null {
  if (part.kind === 'rule') {
    const { info, logsource, expression } = part.rule;
    const isFine = !('refused' in attempt(info.file, undefined, () => checkCost(part.rule)));
    return hasOwnId(info) && isFine
      ? { kind: 'rule', info: withoutFile(info), logsource, expression: mapTests(expression, compiledTest) }
      : null;
  }
  if (part.kind !== 'correlation' || !hasOwnId(part.correlation.info)) return null;
  const { info, aliases, ...correlation } = part.correlation;
  const pairs = [...aliases].map(([alias, fields]): [string, [string, string][]] => [alias, [...fields]]);
  return { kind: 'correlation', info: withoutFile(info), correlation, aliases: pairs };
}

function restored(part: CompiledPart, file: string): RulePart {
  const info: RuleInfo = { ...part.info, file };
  if (part.kind === 'rule') {
    const expression = mapTests(part.expression, restoredTest);
    const rule = { info, logsource: part.logsource, expression };
    acceptCost(rule);
    return { kind: 'rule', rule };
  }
  const aliases = new Map(part.aliases.map(([alias, fields]) => [alias, new Map(fields)]));
  return { kind: 'correlation', correlation: { ...part.correlation, info, aliases } };
}

/** Whether the id does not depend on the place of the file, which may differ. */
function hasOwnId({ id, file, line }: RuleInfo): boolean {
  return id !== `${file}:${line}`;
}

function withoutFile({ file: _file, ...info }: RuleInfo): Info {
  return info;
}

/** Replaces tests that hold values that JSON has not: wildcards and addresses. */
function mapTests(expression: Expression, change: (test: Test) => unknown): Expression {
  return mapLeaves(expression, ({ field, test }) => ({ kind: 'leaf', leaf: { field, test: change(test) as Test } }));
}

function compiledTest(test: Test): unknown {
  if (test.kind === 'text') return { ...test, text: written(test.text) };
  return test.kind === 'cidr' ? { ...test, network: test.network.text } : test;
}

function restoredTest(test: unknown): Test {
  const { kind, text, network, ...rest } = test as { kind: string; text?: string; network?: string };
  if (kind === 'text') return { kind, text: parseString(text!), ...rest } as Test;
  return kind === 'cidr' ? { kind, network: networkOf(network!) } : (test as Test);
}

function networkOf(text: string) {
  const network = parseNetwork(text);
  if (typeof network === 'string') throw new RuleError(0, network);
  return network;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
