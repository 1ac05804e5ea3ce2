import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

const program = join(import.meta.dirname, '../../../node_modules/axe-core/axe.min.js');
const colorRules = ['color-contrast', 'link-in-text-block'];

/**
 * Violations of axe-core's rules on a page, each with its places. A page in another color scheme
 * has the same elements, so that there the rules about colors are enough.
 */
export async function accessibilityViolations(
  page: Page,
  { colorsAlone = false }: { colorsAlone?: boolean } = {},
): Promise<string[]> {
  const isThere = await page.evaluate<boolean>(`typeof axe === 'object'`);
  if (!isThere) await page.evaluate(readFileSync(program, 'utf8'));
  const options = { resultTypes: ['violations'], ...(colorsAlone && { runOnly: colorRules }) };
  return page.evaluate<string[]>(`axe.run(${JSON.stringify(options)}).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`);
}
