// Every regular expression of the product is linear: none backtracks, or scans to the end from each
// character, in a text that an attacker made long. Rewrite what is listed: anchor it, bound a
// repetition, or exclude the next character from it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { analyse } from 'scslre';
import ts from 'typescript';

/** Expressions that are not linear and need not be, with the reason. */
const exempt = new Map([
  ['libs/sigma/src/matching/regex-halves.ts', 'splits expressions that RE2 accepted: each [ has its ]'],
]);

const files = execFileSync('git', ['ls-files', 'libs/*.ts', 'services/*.ts', 'services/*.tsx', 'cli/*.ts'], {
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((path) => !/\.test\.ts$|^libs\/testkit\/|\/samples\//.test(path));

function* literalsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const nodes = [source];
  for (let node = nodes.pop(); node; node = nodes.pop()) {
    if (ts.isRegularExpressionLiteral(node)) {
      yield { text: node.text, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 };
    }
    ts.forEachChild(node, (child) => void nodes.push(child));
  }
}

let count = 0;
const faults = [];
for (const path of files) {
  for (const { text, line } of literalsOf(path)) {
    count += 1;
    const end = text.lastIndexOf('/');
    const { reports } = analyse({ source: text.slice(1, end), flags: text.slice(end + 1) }, { maxReports: 1 });
    if (reports.length > 0 && !exempt.has(path)) faults.push(`${path}:${line}: ${text}`);
  }
}
console.log(`regular expressions: ${count}, not linear: ${faults.length}`);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
