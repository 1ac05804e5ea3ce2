import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject, JsonValue } from '@tidewaiter/domain';
import { loadRules, type RuleInfo } from '@tidewaiter/sigma';

import { coverageMarkdown } from './alerts/attack-coverage.js';
import { containersMatrix } from './alerts/attack-matrix.js';
import { scopeProblem } from './alerts/rule-scope.js';
import { techniqueOf } from './alerts/tactics.js';
import { examplesOf, failedExamples, foundBy } from './examples/check-examples.js';
import { isObject } from './examples/example.js';

const folder = join(__dirname, '../../../rules');

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yml'))
  .toSorted()
  .map((name) => ({ path: `rules/${name}`, text: readFileSync(join(folder, name), 'utf8') }));
const loaded = loadRules(files, { validate: scopeProblem });
const infos: RuleInfo[] = [...loaded.rules.rules, ...loaded.correlations.map(({ info }) => info)];
const weights: JsonValue[] = ['alone', 'support', 'context'];
const raising = infos.filter((rule) => !loaded.rules.isPart(rule));

describe('built-in rules', () => {
  it('are all parsed', () => {
    expect(loaded.refused).toEqual([]);
    expect(infos.length).toBeGreaterThan(200);
  });

  it('have unique ids', () => {
    expect(infos.map(({ id }) => id).filter((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))).toEqual(
      [],
    );
  });

  it.each(['author', 'license', 'description'] as const)('all have their %s', (key) => {
    expect(infos.filter((rule) => !rule[key]).map(placeOf)).toEqual([]);
  });

  it('have a meaning for incidents and known false positives', () => {
    const lacking = raising.filter(({ custom, falsepositives }) => {
      const { finding, stage, weight } = (custom['tidewaiter'] ?? {}) as JsonObject;
      if (falsepositives.length === 0 || !weights.includes(weight ?? null)) return true;
      return weight !== 'context' && !(finding && stage);
    });
    expect(lacking.map(placeOf)).toEqual([]);
  });

  it('have examples that match and examples that do not', () => {
    const lacking = raising.filter(
      (rule) => examplesOf(rule, 'matches').length === 0 || examplesOf(rule, 'ignores').length === 0,
    );
    expect(lacking.map(placeOf)).toEqual([]);
  });

  it('match and ignore their examples', () => {
    const failed = failedExamples(loaded);
    expect(
      failed.map(({ rule, example, reason }) => `${placeOf(rule)}: ${reason}: ${JSON.stringify(example)}`),
    ).toEqual([]);
  });

  it('match programs by their whole names', () => {
    const loose = raising.flatMap((rule) =>
      examplesOf(rule, 'matches').flatMap((example) =>
        matchedNamesakes(rule, example).map((command) => `${placeOf(rule)}: ${command}`),
      ),
    );
    expect(loose).toEqual([]);
  });

  it('do not match a program that is only named', () => {
    const loose = raising.flatMap((rule) =>
      examplesOf(rule, 'matches').flatMap((example) =>
        matchedMentions(rule, example).map((command) => `${placeOf(rule)}: ${command}`),
      ),
    );
    expect([...new Set(loose)]).toEqual([]);
  });

  it('match the same examples when interpreted', () => {
    const interpreted = loadRules(files, { interpreted: true });
    for (const rule of infos) {
      for (const example of [...examplesOf(rule, 'matches'), ...examplesOf(rule, 'ignores')]) {
        if (JSON.stringify(example).includes('"repeat":1')) continue; // thousands of events add no coverage
        expect([...foundBy(interpreted, example)].toSorted()).toEqual([...foundBy(loaded, example)].toSorted());
      }
    }
  });

  it('are severe only with a technique', () => {
    const lacking = raising.filter(
      ({ level, tags }) => level !== 'informational' && !tags.some((tag) => techniqueOf(tag)),
    );
    expect(lacking.map(placeOf)).toEqual([]);
  });

  it('cover every technique of the matrix for containers', () => {
    const covered = new Set(raising.flatMap(({ tags }) => tags.flatMap((tag) => techniqueOf(tag) ?? [])));
    expect(containersMatrix.filter(({ id }) => !covered.has(id))).toEqual([]);
  });

  it('are listed in docs/attack-coverage.md (else: npm run docs)', () => {
    expect(readFileSync(join(folder, '../docs/attack-coverage.md'), 'utf8')).toBe(coverageMarkdown(raising));
  });

  /**
   * Commands that a rule matches although a program on which the match depends is replaced by one
   * that only contains its name: `runc` for `nc`.
   */
  function matchedNamesakes(rule: RuleInfo, example: JsonValue): string[] {
    if (!isObject(example) || typeof example['exec'] !== 'string') return [];
    const { exec } = example;
    const matches = (command: string) => foundBy(loaded, { ...example, exec: command }).has(rule.id);
    return programsIn(exec).flatMap((program) => {
      const rename = (name: string) => exec.replaceAll(wholeWord(program), name);
      if (matches(rename('zqzq'))) return [];
      return [`ru${program}`, `x-${program}`, `${program}ner`, `${program}-helper`].map(rename).filter(matches);
    });
  }

  /** Commands that a rule matches although they only name the program of its example. */
  function matchedMentions(rule: RuleInfo, example: JsonValue): string[] {
    if (!isObject(example) || typeof example['exec'] !== 'string') return [];
    const [program] = programsIn(example['exec']);
    if (program === undefined || /^(?:ba|da)?sh$/.test(program)) return [];
    const matches = (exec: string) => foundBy(loaded, { ...example, exec }).has(rule.id);
    const mentions = [
      `/usr/bin/which ${program}`,
      `/usr/bin/dpkg -s ${program}`,
      `/bin/sh -c "apt-get install -y ${program} make && make all"`,
      `/usr/bin/install -m 755 /build/${program} /usr/local/bin/${program}`,
      `/usr/bin/git clone https://git.example.org/tools/${program} src`,
    ];
    return mentions.filter((exec) => matches(exec) && !matches(exec.replaceAll(wholeWord(program), 'zqzq')));
  }

  /**
   * Names of the programs of a command line: the first word, and the first of each command of a
   * shell.
   */
  function programsIn(command: string): string[] {
    const words = command.matchAll(/(?:^|-c ["']?|[|;&(] *)([\w./-]+)/g);
    const names = [...words].map(([, word = '']) => word.slice(word.lastIndexOf('/') + 1));
    return [...new Set(names)].filter((name) => /^[a-z]\w+$/.test(name));
  }

  function wholeWord(word: string): RegExp {
    return new RegExp(`(?<![\\w.-])${word}(?![\\w.-])`, 'g');
  }

  function placeOf({ file, line, title }: RuleInfo): string {
    return `${file}:${line} ${title}`;
  }
});
