import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import type { LoadedRules as Loaded, RuleInfo } from '@tidewaiter/sigma';
import { DetectionRules, type ListedRule } from '@tidewaiter/store';

import { RuleLoader } from './rule-loader.js';

const everyMs = 2_000;

/**
 * Stores the list of loaded rules, and of rejected ones with the reason: at the start, and after
 * each change.
 */
@Injectable()
export class RuleListing {
  #unsaved: Loaded | null;

  constructor(
    rules: RuleLoader,
    private readonly listed: DetectionRules,
  ) {
    this.#unsaved = rules.current;
    rules.onChange((loaded) => (this.#unsaved = loaded));
  }

  @Every(everyMs)
  async save(): Promise<void> {
    const loaded = this.#unsaved;
    if (!loaded) return;
    await this.listed.replace(listedRules(loaded));
    if (this.#unsaved === loaded) this.#unsaved = null;
  }
}

/** Lists all documents by file and line. */
export function listedRules({ rules, correlations, refused }: Loaded): ListedRule[] {
  const loaded = (kind: 'rule' | 'correlation', info: RuleInfo): ListedRule => {
    const { id, title, level, status, author, license, file, line } = info;
    const fields = { id, title, level, status, author, license, tags: [...info.tags], file, line };
    return { state: 'loaded', kind, ...fields, isPart: rules.isPart(info), reason: null };
  };
  const listed: ListedRule[] = [
    ...rules.rules.map((info) => loaded('rule', info)),
    ...correlations.map(({ info }) => loaded('correlation', info)),
    ...refused.map(({ title = null, file, line, reason }) => ({ ...refusedFields, title, file, line, reason })),
  ];
  return listed.toSorted((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)) || a.line - b.line);
}

const refusedFields = {
  state: 'refused' as const,
  kind: null,
  id: null,
  level: null,
  status: null,
  author: null,
  license: null,
  tags: [],
  isPart: false,
};
