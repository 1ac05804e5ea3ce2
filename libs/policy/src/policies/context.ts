import { Environment } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';
import { printable } from '@tidewaiter/domain';

import { globMatcher } from '../glob.js';
import type { EvaluationGap } from './evaluation-gaps.js';
import type { FindingFacts, LocationFacts, PackageFacts, PolicyFacts } from './facts.js';
import { asPlaceholder, registerGuards } from './guard.js';
import { groups, itemTypes, single } from './vocabulary.js';

/** Limits on the size of an expression: larger ones are unreadable. */
const limits = { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 500, maxMapEntries: 100, maxCallArguments: 16 };
const maxIds = 10;
const daySeconds = 86_400n;

// The CEL library identifies custom types by their constructors.
class FindingItem {
  constructor(facts: object) {
    Object.assign(this, facts);
  }
}

class PackageItem {
  constructor(facts: object) {
    Object.assign(this, facts);
  }
}

class LocationItem {
  constructor(facts: object) {
    Object.assign(this, facts);
  }
}

const language = new Environment({ limits })
  .registerType('Location', { ctor: LocationItem, fields: typesOf(itemTypes.Location) })
  .registerType('Finding', { ctor: FindingItem, fields: typesOf(itemTypes.Finding) })
  .registerType('Package', { ctor: PackageItem, fields: typesOf(itemTypes.Package) });
for (const [name, [type]] of Object.entries(single)) language.registerVariable(name, type);
const { image, os, ...others } = groups;
language.registerVariable({ name: 'image', schema: { ...typesOf(image), os: typesOf(os) } });
for (const [name, fields] of Object.entries(others)) language.registerVariable({ name, schema: typesOf(fields) });
language
  .registerFunction('days(int): google.protobuf.Duration', (days: bigint) => new Duration(days * daySeconds))
  .registerFunction('day(google.protobuf.Timestamp): string', (at: Date) => at.toISOString().slice(0, 10))
  .registerFunction(
    'string.glob(string): bool',
    (text: string, pattern: string) => globMatcher(pattern)?.(text) ?? false,
  )
  .registerFunction('count(list, string, string): string', (list: unknown[], one: string, many: string) =>
    list.length === 1 ? `1 ${one}` : `${list.length} ${many}`,
  )
  .registerFunction('ids(list<Finding>): string', (list: FindingFacts[]) => idsText(list));
registerGuards(language);

/** Returns a copy of the CEL environment with all facts, to which a policy adds its variables. */
export function policyLanguage(): Environment {
  return language.clone();
}

function typesOf(fields: Record<string, readonly [type: string, about: string]>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, [type]]) => [name, type]));
}

function idsText(findings: readonly FindingFacts[]): string {
  const ids = [...new Set(findings.map(({ id }) => printable(id, 100)))];
  const more = ids.length > maxIds ? ` and ${ids.length - maxIds} more` : '';
  return `${ids.slice(0, maxIds).join(', ')}${more}`;
}

/** Facts in the form of the CEL environment. */
export interface PolicyContext {
  values: Record<string, unknown>;
  /** Sizes of the policy's variables: each may double the one before it. */
  sizes: ReadonlyMap<string, number>;
  /** Length of the longest list or text among them. */
  largest: number;
  /** Empty if `findings` and `packages` are complete. */
  gaps: readonly ContextGap[];
}

/** Kind of items that may be missing from the lists. */
export interface ContextGap {
  /** `needs secret findings, which were not evaluated: no fingerprint key is set`. */
  message: string;
  list: 'findings' | 'packages';
  placeholder: object;
}

/**
 * Converts facts to CEL values. Unknown facts are left out, so that a policy that needs them gives
 * `unknown`.
 */
export function contextOf(facts: PolicyFacts): PolicyContext {
  const { now, findings, packages, advisories } = facts;
  const age = advisories?.asOf && Duration.fromMilliseconds(now.getTime() - advisories.asOf.getTime());
  const values = known({
    ...facts,
    image: known({ ...facts.image, ...(facts.image.os && { os: known(facts.image.os) }) }),
    findings: findings.map((each) => new FindingItem(findingValues(each))),
    packages: packages.map((each) => new PackageItem(each)),
    provenance: facts.provenance && known(facts.provenance),
    repository: facts.repository && known(facts.repository),
    advisories: advisories && known({ ...advisories, age }),
    gaps: undefined,
  });
  const gaps = [...Map.groupBy(facts.gaps ?? [], ({ kind }) => kind)].map(([kind, reasons]) => gapOf(kind, reasons));
  return { values, sizes: new Map(), largest: largestOf(findings, packages), gaps };
}

function gapOf(kind: EvaluationGap['kind'], gaps: readonly EvaluationGap[]): ContextGap {
  const reasons = [...new Set(gaps.map(({ reason }) => printable(reason, 200)))].join('; ');
  if (kind === 'package') {
    const placeholder = asPlaceholder(new PackageItem({}), {}, Object.keys(itemTypes.Package));
    return { message: `needs all packages, which are not known: ${reasons}`, list: 'packages', placeholder };
  }
  const placeholder = asPlaceholder(new FindingItem({ kind }), { kind }, Object.keys(itemTypes.Finding));
  return { message: `needs ${kind} findings, which were not evaluated: ${reasons}`, list: 'findings', placeholder };
}

function findingValues({ layer, locations = [], ...finding }: FindingFacts): object {
  const places = locations.map((each) => new LocationItem(locationValues(each)));
  return known({ ...finding, layer: integer(layer), locations: places });
}

function locationValues({ layer, line, ...location }: LocationFacts): object {
  return known({ ...location, layer: integer(layer), line: integer(line) });
}

function integer(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

function known(facts: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function largestOf(findings: readonly FindingFacts[], packages: readonly PackageFacts[]): number {
  let largest = Math.max(1, findings.length, packages.length);
  for (const { aliases, locations = [] } of findings) largest = Math.max(largest, aliases.length, locations.length);
  for (const { licenses } of packages) largest = Math.max(largest, licenses.length);
  return largest;
}
