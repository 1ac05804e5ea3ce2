import type { Memo } from './memo.js';
import type { Tree } from './tree.js';

/** In longer chains, questions are asked in a loop: there is a limit to how long code may be. */
const longChain = 24;

/**
 * Makes a function of a tree that answers as {@link interpret} does. Its code consists of operators, names of ours and numbers of
 * questions: nothing that a rule says enters it.
 * @throws EvalError where code must not be made from text
 */
export function compile(tree: Tree, memo: Memo, scanOf: readonly (number | null)[]): () => boolean {
  const lists: Int32Array[] = [];
  const code = codeOf(tree);
  // oxlint-disable-next-line typescript/no-implied-eval -- numbers and operators alone, see above
  const make = new Function(
    ...['memo', 'yes', 'no', 'scanned', 'scan', 'decide', 'any', 'every', 'lists'],
    `"use strict"; return () => { const event = memo.event; return ${code}; };`,
  ) as (...context: unknown[]) => () => boolean;
  const { yes, no, scanned, scan, decide, ask } = memo;
  const any = (list: Int32Array) => {
    for (const question of list) if (ask(question)) return true;
    return false;
  };
  const every = (list: Int32Array) => {
    for (const question of list) if (!ask(question)) return false;
    return true;
  };
  return make(memo, yes, no, scanned, scan, decide, any, every, lists);

  function codeOf(part: Tree): string {
    switch (part.op) {
      case 'ask':
        return codeOfAsk(part.question);
      case 'not':
        return `!${codeOf(part.part)}`;
      case 'and':
        return chained(part.parts, '&&', 'every');
      case 'or':
        return chained(part.parts, '||', 'any');
    }
  }

  function chained(parts: readonly Tree[], operator: '&&' | '||', loop: 'every' | 'any'): string {
    const questions = parts.flatMap((part) => (part.op === 'ask' ? [part.question] : []));
    if (questions.length <= longChain) return `(${parts.map(codeOf).join(operator)})`;
    const rest = parts.filter(({ op }) => op !== 'ask').map(codeOf);
    return `(${[`${loop}(lists[${lists.push(Int32Array.from(questions)) - 1}])`, ...rest].join(operator)})`;
  }

  function codeOfAsk(question: number): string {
    const number = scanOf[question] ?? null;
    if (number === null) return `(yes[${question}]===event||no[${question}]!==event&&decide(${question}))`;
    return `(scanned[${number}]===event||scan(${number}),yes[${question}]===event)`;
  }
}
