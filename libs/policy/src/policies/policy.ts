import type { PolicyMode, PolicyResult, Verdict } from '@tidewaiter/domain';
import { InvalidInput } from '@tidewaiter/domain';

import { contextOf, type PolicyContext, policyLanguage } from './context.js';
import { sizeOfValue } from './cost.js';
import { type CelResult, compile, type CelExpression } from './expression.js';
import type { FindingFacts, PolicyFacts } from './facts.js';
import { readTemplate, type Template } from './template.js';

/** Policy as its author writes it. */
export interface PolicySource {
  name: string;
  description: string;
  /** In order: each may use earlier ones. */
  variables: Record<string, string>;
  rules: { expression: string; message?: string | undefined }[];
}

export interface Policy {
  name: string;
  description: string;
  mode: PolicyMode;
  variables: [name: string, value: CelExpression][];
  rules: { holds: CelExpression; message: Template | undefined }[];
}

/**
 * Compiles the expressions of a policy and checks their types.
 * @param at place of the policy, for error messages
 * @throws InvalidInput `POLICY_INVALID`
 */
export function compilePolicy(source: PolicySource, mode: PolicyMode, at: (path: PropertyKey[]) => string): Policy {
  const language = policyLanguage();
  const variables = Object.entries(source.variables).map(([name, text]): [string, CelExpression] => {
    const where = `${at(['variables', name])}: variables.${name}`;
    if (language.hasVariable(name)) throw new InvalidInput('POLICY_INVALID', `${where}: there is a fact of this name`);
    const value = compile(language, text, where);
    language.registerVariable(name, value.type);
    return [name, value];
  });
  const rules = source.rules.map(({ expression, message }, index) => {
    const where = (key: string) => `${at(['rules', index, key])}: rules[${index}].${key}`;
    const holds = compile(language, expression, where('expression'));
    if (holds.type !== 'bool' && holds.type !== 'dyn')
      throw new InvalidInput('POLICY_INVALID', `${where('expression')}: answers ${holds.type}, not true or false`);
    return { holds, message: message === undefined ? undefined : readTemplate(language, message, where('message')) };
  });
  return { name: source.name, description: source.description, mode, variables, rules };
}

/** Whether a policy uses a fact of this name, even if only in a message. */
export function asksFor({ variables, rules }: Policy, fact: string): boolean {
  const expressions = [...variables.map(([, value]) => value), ...rules.map(({ holds }) => holds)];
  return expressions.some(({ names }) => names.has(fact)) || rules.some(({ message }) => message?.names.has(fact));
}

/** Whether a policy may give another answer about the same image at another time. */
export function dependsOnTime(policy: Policy): boolean {
  return asksFor(policy, 'now') || asksFor(policy, 'advisories');
}

/** Evaluates policies on an image. */
export function askPolicies(policies: readonly Policy[], facts: PolicyFacts): PolicyResult[] {
  const context = contextOf(facts);
  let ofPlaces: PolicyContext | undefined;
  return policies.map((policy) =>
    readsPlace(policy) ? askPolicy(policy, (ofPlaces ??= contextOf(withPlaces(facts)))) : askPolicy(policy, context),
  );
}

/**
 * Whether a policy asks for the path or layer of a finding itself. It gets a finding for each
 * place: a policy that accepts a secret in one folder must not accept its copies elsewhere.
 */
function readsPlace({ variables, rules }: Policy): boolean {
  const expressions = [...variables.map(([, value]) => value), ...rules.map(({ holds }) => holds)];
  const reads = (field: string) => expressions.some(({ fields }) => fields.has(field));
  return !reads('locations') && (reads('path') || reads('layer'));
}

function withPlaces(facts: PolicyFacts): PolicyFacts {
  return { ...facts, findings: facts.findings.flatMap(perPlace) };
}

function perPlace(finding: FindingFacts): FindingFacts[] {
  const { locations = [], path: _path, layer: _layer, ...common } = finding;
  if (locations.length < 2) return [finding];
  return locations.map((location) => {
    const { rule: id, title, severity, confidence, path, layer } = location;
    const place = { ...(path !== undefined && { path }), ...(layer !== undefined && { layer }) };
    return { ...common, id, title, severity, confidence, ...place, locations: [location] };
  });
}

/** Fails if a rule certainly does not hold; else unknown if a rule may not hold. */
function askPolicy({ name, mode, variables, rules, description }: Policy, facts: PolicyContext): PolicyResult {
  const { context, gaps } = withVariables(variables, facts);
  // Findings that a message names exist, so gaps do not matter to it.
  const { context: known } = withVariables(variables, { ...facts, gaps: [] });
  const answers = rules.map(({ holds, message }) => ({ answer: holds.ask(context), message }));
  const broken = answers.filter(({ answer }) => 'value' in answer && answer.value === false);
  const unknown = answers.flatMap(({ answer }) => whyUnknown(answer, gaps));
  const fails = broken.map(({ message }) => message?.fill(known) ?? description);
  if (fails.length > 0) return { name, mode, result: 'fail', reasons: [...new Set(fails)] };
  const result: Verdict = unknown.length > 0 ? 'unknown' : 'pass';
  return { name, mode, result, reasons: [...new Set(unknown)] };
}

function whyUnknown(answer: CelResult, gaps: ReadonlyMap<string, string>): string[] {
  if ('value' in answer) return typeof answer.value === 'boolean' ? [] : ['its answer is neither true nor false'];
  return [reasonOf(answer.unknown, gaps)];
}

/** The error names a variable without a value; users need the reason why it has none. */
function reasonOf(unknown: string, gaps: ReadonlyMap<string, string>): string {
  const [, name = ''] = /^needs (\w+), which/.exec(unknown) ?? [];
  return gaps.get(name) ?? unknown;
}

function withVariables(variables: Policy['variables'], facts: PolicyContext) {
  const sizes = new Map<string, number>();
  const context = { ...facts, values: { ...facts.values }, sizes };
  const gaps = new Map<string, string>();
  for (const [name, value] of variables) {
    const answer = value.ask(context);
    if ('value' in answer) {
      context.values[name] = answer.value;
      sizes.set(name, sizeOfValue(answer.value));
    } else gaps.set(name, reasonOf(answer.unknown, gaps));
  }
  return { context, gaps };
}
