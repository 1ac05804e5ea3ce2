import { InvalidInput } from '@tidewaiter/domain';
import type { Located, LocatedMap } from '@tidewaiter/yaml';

import { readItem } from './detection-item.js';
import { appliesTo, type LogSource } from './event.js';
import { and, type Expression, type Leaf, mapLeaves, not, or } from './expression.js';
import type { Placeholders } from './placeholders.js';
import { type DetectionRule, logSourceOf, type RuleFile } from './rule-document.js';
import { RuleError, shown } from './rule-error.js';
import { itemsOf, mapOf, onlyKeys, textAt, textOf, textsAt } from './rule-fields.js';
import { readDocument, ruleDocuments } from './rule-yaml.js';

/**
 * Pipeline that adapts rules to events with other field names: a subset of pySigma's processing
 * pipelines.
 * @see https://sigmahq-pysigma.readthedocs.io/en/latest/Processing_Pipelines.html
 */
export interface Pipeline {
  /** Pipelines of lower priority are applied first. */
  priority: number;
  /** Values for placeholders. */
  values: Placeholders;
  /** @throws RuleError when it refuses the rule */
  apply(rule: DetectionRule): DetectionRule;
}

/** One transformation, which returns the changed rule. */
type Step = (rule: DetectionRule) => DetectionRule;

/** Parses one transformation. @throws RuleError */
type ReadStep = (map: LocatedMap, line: number) => Step;

/** Top-level keys of a pipeline, including informative ones. */
const pipelineKeys = ['name', 'priority', 'vars', 'transformations', 'allowed_backends'];
const conditionKeys = ['id', 'type', 'rule_conditions', 'rule_cond_op', 'rule_cond_not', 'field_name_conditions'];

/**
 * Parses a pipeline completely or not at all: a part of one would make rules that never match.
 * @throws InvalidInput `PIPELINE_INVALID`
 */
export function readPipeline({ path, text }: RuleFile): Pipeline {
  try {
    const [document, more] = ruleDocuments(text);
    if (!document || more) throw new RuleError(1, 'a pipeline is one document');
    return read(mapOf(readDocument(document), 'a pipeline'));
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new InvalidInput('PIPELINE_INVALID', `${path}:${error.line}: ${error.reason}`, { cause: error });
  }
}

function read(map: LocatedMap): Pipeline {
  onlyKeys(map, pipelineKeys, 'a pipeline');
  const steps = itemsOf(map.get('transformations')).map(readStep);
  const vars = map.get('vars');
  const names = vars ? [...mapOf(vars, 'vars').keys()] : [];
  return {
    priority: Number(textAt(map, 'priority') ?? 0),
    values: new Map(names.map((name) => [name, textsAt(mapOf(vars!, 'vars'), name)])),
    apply: (rule) => steps.reduce((changed, step) => step(changed), rule),
  };
}

function readStep(located: Located): Step {
  const map = mapOf(located, 'a transformation');
  const type = textAt(map, 'type');
  const known = type === null ? undefined : transformations.get(type);
  if (!known) throw new RuleError(located.line, `unknown transformation ${shown(type ?? '')}`);
  onlyKeys(map, [...conditionKeys, ...known.keys], `${type}`);
  const isAbout = readRuleConditions(map);
  const step = known.read(map, located.line);
  return (rule) => (isAbout(rule) ? step(rule) : rule);
}

const transformations: ReadonlyMap<string, { keys: readonly string[]; read: ReadStep }> = new Map([
  ['field_name_mapping', { keys: ['mapping'], read: fieldNameMapping }],
  ['field_name_prefix', { keys: ['prefix'], read: affix('prefix', (field, prefix) => prefix + field) }],
  ['field_name_suffix', { keys: ['suffix'], read: affix('suffix', (field, suffix) => field + suffix) }],
  ['drop_detection_item', { keys: [], read: dropItem }],
  ['add_condition', { keys: ['conditions', 'negated'], read: addCondition }],
  ['change_logsource', { keys: ['category', 'product', 'service'], read: changeLogSource }],
  ['rule_failure', { keys: ['message'], read: ruleFailure }],
  // No-op: placeholders with values are always replaced.
  ['value_placeholders', { keys: [], read: () => (rule: DetectionRule) => rule }],
]);

function fieldNameMapping(map: LocatedMap, line: number): Step {
  const located = map.get('mapping');
  if (!located) throw new RuleError(line, 'field_name_mapping has no mapping');
  const mapping = new Map(
    [...mapOf(located, 'mapping')].map(([from, to]) => [from, itemsOf(to).map((each) => textOf(each, from))]),
  );
  const isAbout = readFieldConditions(map);
  return renaming((field) => (isAbout(field) ? (mapping.get(field) ?? [field]) : [field]));
}

function affix(key: 'prefix' | 'suffix', add: (field: string, affix: string) => string): ReadStep {
  return (map, line) => {
    const text = textAt(map, key);
    if (text === null) throw new RuleError(line, `no ${key}`);
    const isAbout = readFieldConditions(map);
    return renaming((field) => [isAbout(field) ? add(field, text) : field]);
  };
}

/** Renames fields; several names are alternatives. */
function renaming(namesOf: (field: string) => readonly string[]): Step {
  const rename = (leaf: Leaf): Expression => {
    const { field, test } = leaf;
    if (field === null) return { kind: 'leaf', leaf };
    const tests = test.kind === 'field' ? namesOf(test.other).map((other) => ({ ...test, other })) : [test];
    return or(
      namesOf(field).flatMap((name) =>
        tests.map((each): Expression => ({ kind: 'leaf', leaf: { field: name, test: each } })),
      ),
    );
  };
  return (rule) => ({ ...rule, expression: mapLeaves(rule.expression, rename) });
}

/** Removes items as if the rule had never contained them. */
function dropItem(map: LocatedMap, line: number): Step {
  if (!map.has('field_name_conditions')) throw new RuleError(line, 'drop_detection_item needs field_name_conditions');
  const isAbout = readFieldConditions(map);
  return (rule) => {
    const expression = without(rule.expression, ({ field }) => field !== null && isAbout(field));
    if (!expression) throw new RuleError(rule.info.line, 'a pipeline drops everything that the rule asks for');
    return { ...rule, expression };
  };
}

function without(expression: Expression, isDropped: (leaf: Leaf) => boolean): Expression | undefined {
  if (expression.kind === 'leaf') return isDropped(expression.leaf) ? undefined : expression;
  if (expression.kind === 'not') {
    const part = without(expression.part, isDropped);
    return part && not(part);
  }
  const parts = expression.parts.flatMap((part) => without(part, isDropped) ?? []);
  if (parts.length === 0) return undefined;
  return expression.kind === 'and' ? and(parts) : or(parts);
}

function addCondition(map: LocatedMap, line: number): Step {
  const conditions = map.get('conditions');
  if (!conditions) throw new RuleError(line, 'add_condition has no conditions');
  const all = and([...mapOf(conditions, 'conditions')].map(([key, value]) => readItem(key, value, new Map())));
  const added = map.get('negated')?.value === true ? not(all) : all;
  return (rule) => ({ ...rule, expression: and([added, rule.expression]) });
}

function changeLogSource(map: LocatedMap, line: number): Step {
  const logsource = logSourceOf(map, line);
  return (rule) => ({ ...rule, logsource });
}

function ruleFailure(map: LocatedMap): Step {
  const message = textAt(map, 'message') ?? 'a pipeline does not let it pass';
  return ({ info }) => {
    throw new RuleError(info.line, message);
  };
}

/** Parses the conditions on rules: whether a step applies to a rule. */
function readRuleConditions(map: LocatedMap): (rule: DetectionRule) => boolean {
  const conditions = itemsOf(map.get('rule_conditions')).map(readRuleCondition);
  if (conditions.length === 0) return () => true;
  const isAny = textAt(map, 'rule_cond_op') === 'or';
  const isNegated = map.get('rule_cond_not')?.value === true;
  return (rule) => {
    const holds = isAny ? conditions.some((each) => each(rule)) : conditions.every((each) => each(rule));
    return holds !== isNegated;
  };
}

function readRuleCondition(located: Located): (rule: DetectionRule) => boolean {
  const map = mapOf(located, 'a rule condition');
  const type = textAt(map, 'type');
  switch (type) {
    case 'logsource': {
      onlyKeys(map, ['type', 'product', 'category', 'service'], 'a condition');
      const wanted: LogSource = logSourceOf(map, located.line);
      return ({ logsource }) => appliesTo(wanted, logsource);
    }
    case 'tag': {
      onlyKeys(map, ['type', 'tag'], 'a condition');
      const tag = textAt(map, 'tag');
      return ({ info }) => info.tags.some((each) => each === tag);
    }
    default:
      throw new RuleError(located.line, `unknown rule condition ${shown(type ?? '')}`);
  }
}

/** Parses the conditions on fields: whether a step applies to a field. */
function readFieldConditions(map: LocatedMap): (field: string) => boolean {
  const conditions = itemsOf(map.get('field_name_conditions')).map((located) => {
    const condition = mapOf(located, 'a field condition');
    onlyKeys(condition, ['type', 'fields'], 'a condition');
    const fields = new Set(textsAt(condition, 'fields'));
    const type = textAt(condition, 'type');
    if (type !== 'include_fields' && type !== 'exclude_fields')
      throw new RuleError(located.line, `unknown field condition ${shown(type ?? '')}`);
    return (field: string) => fields.has(field) === (type === 'include_fields');
  });
  return (field) => conditions.every((holds) => holds(field));
}
