import type { Memo } from './memo.js';
import type { Tree } from './tree.js';

/** Whether the current event of the memo matches the tree. */
export function interpret(tree: Tree, memo: Memo): boolean {
  switch (tree.op) {
    case 'ask':
      return memo.ask(tree.question);
    case 'not':
      return !interpret(tree.part, memo);
    case 'and':
      for (const part of tree.parts) if (!interpret(part, memo)) return false;
      return true;
    case 'or':
      for (const part of tree.parts) if (interpret(part, memo)) return true;
      return false;
  }
}
