import type { RuleInfo } from '@tidewaiter/sigma';

import { compareLevel } from './alert.js';
import { containersMatrix, type Technique } from './attack-matrix.js';
import { meaningOf } from './rule-meaning.js';

/**
 * Generates `docs/attack-coverage.md`: the rules of each technique. `rules` are those that raise an
 * alert of their own.
 */
export function coverageMarkdown(rules: readonly RuleInfo[]): string {
  const found = byTechnique(rules);
  const covered = containersMatrix.filter(({ id }) => found.has(id)).length;
  const ids = new Set(containersMatrix.map(({ id }) => id));
  const others = [...found.keys()].filter((id) => !ids.has(id)).toSorted();
  return [
    '# What the rules find',
    '',
    'Made from the tags of the rules in [`rules/`](../rules/README.md) by `npm run docs`: do not edit.',
    '',
    `${covered} of the ${containersMatrix.length} techniques of MITRE's matrix for containers (ATT&CK 18.1), by ${rules.length} rules. A technique is`,
    'covered if a rule detects one of its procedures; detection needs a sensor that reports the event.',
    '',
    ...containersMatrix.flatMap((technique) => [...section(technique, found.get(technique.id) ?? []), '']),
    '## Beyond the matrix',
    '',
    'Techniques that the rules also name: what the matrix leaves out, as all of exfiltration and of command and control.',
    '',
    ...others.map((id) => `- ${link(id, id)}: ${listed(found.get(id) ?? [])}`),
    '',
  ].join('\n');
}

function byTechnique(rules: readonly RuleInfo[]): Map<string, RuleInfo[]> {
  const found = new Map<string, RuleInfo[]>();
  for (const rule of rules) {
    for (const technique of meaningOf(rule).techniques) {
      const known = found.get(technique);
      if (known) known.push(rule);
      else found.set(technique, [rule]);
    }
  }
  return found;
}

function section({ id, name, tactics }: Technique, rules: readonly RuleInfo[]): string[] {
  const lines = inOrder(rules).map((rule) => `- ${ruleLink(rule)}, ${rule.level}`);
  return [`## ${id} ${name}`, '', link(id, tactics.join(', ')), '', ...(lines.length > 0 ? lines : ['No rule.'])];
}

function listed(rules: readonly RuleInfo[]): string {
  return inOrder(rules).map(ruleLink).join('; ');
}

function inOrder(rules: readonly RuleInfo[]): RuleInfo[] {
  return rules.toSorted((a, b) => compareLevel(a.level, b.level) || (a.title < b.title ? -1 : 1));
}

function ruleLink({ title, file }: RuleInfo): string {
  return `[${title}](../${file})`;
}

function link(id: string, text: string): string {
  return `[${text}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`;
}
