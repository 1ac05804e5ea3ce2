import * as fc from 'fast-check';

import { Explainer } from '../explain.js';
import type { Expression, Leaf, Test } from '../expression.js';
import { jsonEvent } from '../json-event.js';
import { loadRules } from '../load-rules.js';
import { parseString } from '../sigma-string.js';
import { leafAnswer } from './answers.js';
import { parseNetwork } from './cidr.js';
import type { Network } from './cidr.js';
import { MatchEngine } from './engine.js';
import { EventView } from './event-view.js';

/** Realistic rules of few words, so that rules and events overlap. */
const words = ['a', 'b', 'ab', 'A', '/a', '/ab', 'a*b', '*', '?b', '', 'é', '1', '10', 'ba/a', 'long literal'];
const field = fc.constantFrom('x', 'y', 'z.x');
const text = fc.constantFrom(...words);
const scalar = fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom(null, 1, 10, true) });
const values = fc.oneof(scalar, fc.array(scalar, { minLength: 1, maxLength: 40 }));
const texts = fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 40 }));
const item = fc.oneof(
  fc.tuple(field, values),
  fc.tuple(
    fc
      .tuple(
        field,
        fc.subarray(['contains', 'startswith', 'endswith', 'cased', 'all', 'neq', 'windash', 'base64offset']),
      )
      .map(([name, modifiers]) => [name, ...modifiers].join('|')),
    texts,
  ),
  fc.tuple(
    field.map((name) => `${name}|re`),
    fc.constantFrom('a+b', '^a', 'b$', '(?i)A.?B', 'x|1'),
  ),
  fc.tuple(
    field.map((name) => `${name}|gte`),
    fc.constantFrom(1, 5),
  ),
  fc.tuple(
    field.map((name) => `${name}|fieldref|contains`),
    field,
  ),
  fc.tuple(
    field.map((name) => `${name}|exists`),
    fc.boolean(),
  ),
);
const selection = fc.oneof(
  { weight: 4, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((all) => Object.fromEntries(all)) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom('a', 'ab', 'B', '1', 'a*b'), { minLength: 1, maxLength: 3 }) },
);
const condition = fc.constantFrom(
  ...[
    's1',
    'not s1',
    's1 and s2',
    's1 or s2',
    's1 and not s2',
    '1 of s*',
    'all of them',
    'not (s1 or s2) or s3',
    'not 1 of s*',
  ],
);
const rule = fc.record({ s1: selection, s2: selection, s3: selection, condition });
const rules = fc.array(rule, { minLength: 1, maxLength: 12 });

const value = fc.oneof(text, fc.constantFrom(null, 1, 10, true, '10.1.2.3', '::1'), fc.array(text, { maxLength: 3 }));
const event = fc.oneof(
  fc.record({ x: value, y: value, z: fc.record({ x: value }) }, { requiredKeys: [] }),
  fc.record({ x: fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', ' ') }), y: value }, { requiredKeys: ['x'] }),
);

const source = [{ product: 'test' }];

function loaded(detections: readonly object[], interpreted: boolean) {
  const files = detections.map((detection, index) => ({
    path: `${index}.yml`,
    text: JSON.stringify({ title: `r${index}`, id: `r${index}`, logsource: { product: 'test' }, detection }),
  }));
  return loadRules(files, { interpreted });
}

describe('engine.properties', () => {
  it('compiled rules answer as interpreted ones, and neither throws', () => {
    fc.assert(
      fc.property(rules, fc.array(event, { minLength: 1, maxLength: 5 }), (detections, events) => {
        const compiled = loaded(detections, false);
        const interpreted = loaded(detections, true);
        expect(compiled.refused).toEqual(interpreted.refused);
        for (const each of events.map((json) => jsonEvent(json, source))) {
          const matched = compiled.rules.match(each);
          expect(matched.map(({ rule: { id } }) => id)).toEqual(
            interpreted.rules.match(each).map(({ rule: { id } }) => id),
          );
          for (const match of matched) expect(match.explain().length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  /** Evaluates without an index, a memo or a reordering. */
  function holds(expression: Expression, json: object): boolean {
    switch (expression.kind) {
      case 'and':
        return expression.parts.every((part) => holds(part, json));
      case 'or':
        return expression.parts.some((part) => holds(part, json));
      case 'not':
        return !holds(expression.part, json);
      case 'leaf':
        return answer(expression.leaf, json);
    }
  }

  function answer(leaf: Leaf, json: object): boolean {
    const names = [leaf.field, leaf.test.kind === 'field' ? leaf.test.other : leaf.field];
    const view = new EventView(names);
    view.look(jsonEvent(json, source));
    return leafAnswer(leaf, (name) => names.indexOf(name))(view);
  }

  const leafOf = (name: string | null, test: Test): Expression => ({ kind: 'leaf', leaf: { field: name, test } });
  const leaf = fc.oneof(
    fc
      .tuple(field, text, fc.boolean())
      .map(([name, part, isCased]) =>
        leafOf(name, { kind: 'text', text: part === '' ? [] : [isCased ? part : part.toLowerCase()], isCased }),
      ),
    field.map((name) => leafOf(name, { kind: 'exists' })),
    field.map((name) => leafOf(name, { kind: 'number', number: 10 })),
    fc.constantFrom('a', 'ab', 'B').map((part) => leafOf(null, { kind: 'regex', source: `${part}.*`, flags: 'i' })),
    fc
      .tuple(field, fc.constantFrom('a+b', '^a', 'b$', '(a|/)b', '[^a]b'))
      .map(([name, source]) => leafOf(name, { kind: 'regex', source, flags: '' })),
    fc
      .tuple(field, fc.constantFrom('*a*b*', 'a*b', '*a?b*', '?a*', '*/*a*', 'a*'), fc.boolean())
      .map(([name, pattern, isCased]) => leafOf(name, { kind: 'text', text: parseString(pattern), isCased })),
    fc
      .tuple(field, fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '::1', '0.0.0.0/0'))
      .map(([name, network]) => leafOf(name, { kind: 'cidr', network: parseNetwork(network) as Network })),
  );
  const { expression } = fc.letrec<{ expression: Expression }>((tie) => {
    const parts = fc.array(tie('expression'), { minLength: 1, maxLength: 4 });
    return {
      expression: fc.oneof(
        { maxDepth: 4 },
        leaf,
        parts.map((all): Expression => ({ kind: 'and', parts: all })),
        parts.map((all): Expression => ({ kind: 'or', parts: all })),
        tie('expression').map((part): Expression => ({ kind: 'not', part })),
      ),
    };
  });

  it.each([false, true])('finds with its index what asking every rule finds (interpreted: %s)', (isInterpreted) => {
    fc.assert(
      fc.property(fc.array(expression, { maxLength: 12 }), fc.array(event, { maxLength: 5 }), (all, events) => {
        const engine = new MatchEngine(all, isInterpreted);
        for (const json of events) {
          const expected = all.flatMap((each, index) => (holds(each, json) ? [index] : []));
          expect(engine.match(jsonEvent(json, source))).toEqual(expected);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('explains what holds, and says nothing of what does not', () => {
    fc.assert(
      fc.property(expression, event, (each, json) => {
        const reasons = new Explainer(each).explain(jsonEvent(json, source));
        expect(reasons.length > 0).toBe(holds(each, json));
      }),
    );
  });
});
