import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson, textOf } from '../document.js';
import { gitSource } from '../git-source.js';
import { isTestData } from '../pypi.js';

/**
 * Where an installer took a Python distribution from, if not from an index.
 * @see https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
 */
export const pythonOrigin: Analyzer = {
  name: 'python-origin',
  version: 1,
  wants: (path) => path.endsWith('.dist-info/direct_url.json') && !isTestData(path),
  analyze: ({ content }) => {
    const { url, vcs_info: info } = objectOf(readJson(content));
    const { vcs, commit_id: commit } = objectOf(info);
    if (vcs !== 'git') return {};
    const { qualifiers } = gitSource(`${textOf(url) ?? ''}#commit=${textOf(commit) ?? ''}`);
    return qualifiers === undefined ? {} : { takenFrom: qualifiers.vcs_url };
  },
};
