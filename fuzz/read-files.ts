import { analyzers } from '@tidewaiter/analyzers';
import { headBytes } from '@tidewaiter/oci';

import { outcomes } from './target.ts';

/** Results of every analyzer that wants a file of one of these paths with this content. */
export function readFiles(content: Buffer, ...paths: string[]): unknown {
  const head = content.subarray(0, headBytes);
  return paths.map((path) => {
    const wanting = analyzers.filter((analyzer) => analyzer.wants(path, head));
    return outcomes(wanting.map((analyzer) => () => analyzer.analyze({ path, content })));
  });
}
