import type { Memo } from './memo.js';
import type { Tree } from './tree.js';

/** Length above which a chain becomes a loop: generated code has a size limit. */
const longChain = 24;

/**
 * Compiles a tree to a function with the result of {@link interpret}. The generated code consists
 * of operators, fixed names and numbers of tests: no text of a rule enters it.
 * @throws EvalError where code generation is forbidden
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
