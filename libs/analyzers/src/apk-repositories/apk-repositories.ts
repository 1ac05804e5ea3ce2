import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer, EnabledSuite } from '../analyzer.js';
import { readText } from '../document.js';
import { linesOf } from '../package-database.js';

const configuration = /^etc\/apk\/(?:repositories|repositories\.d\/[^/]{1,200}\.list)$/;

const maxBytes = 1024 * 1024;
const maxSuites = 200;

/**
 * Branches of Alpine that apk gets packages from: those of lines with a tag only for packages that
 * were requested with it. @see https://man.archlinux.org/man/apk-repositories.5.en
 */
export const apkRepositories: Analyzer = {
  name: 'apk-repositories',
  version: 1,
  maxBytes,
  wants: (path) => configuration.test(path),
  analyze: ({ content }) => {
    const suites = new Map<string, EnabledSuite>();
    for (const line of linesOf(readText(content, maxBytes))) {
      const suite = readLine(line);
      if (suite) suites.set(`${suite.tag ?? ''}\n${suite.suite}`, suite);
      if (suites.size > maxSuites) throw new MalformedFile(`more than ${maxSuites} repositories`);
    }
    return suites.size === 0 ? {} : { suites: [...suites.values()] };
  },
};

/** A branch in an address: `…/alpine/v3.20/main`, or `…/edge` with components behind it. */
const branch = /\/(v\d{1,3}\.\d{1,3}|edge)(?:\/[a-z0-9-]{1,40})?\/?$/;

/** `@testing https://dl-cdn.alpinelinux.org/alpine/edge/testing`; apk 3 has more words. */
function readLine(line: string): EnabledSuite | undefined {
  const words = line.trim().slice(0, 4096).split(/\s+/);
  if (words[0]?.startsWith('#') === true) return undefined;
  const tag = words[0]?.startsWith('@') === true ? words.shift()!.slice(1) : undefined;
  if (/^(?:ndx|v2|v3)$/.test(words[0] ?? '')) words.shift();
  const [, suite] = branch.exec(words[0] ?? '') ?? [];
  if (suite === undefined || tag === '') return undefined;
  return { suite, ...(tag !== undefined && { tag }) };
}
