import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { scopeProblem } from '@tidewaiter/detection';
import { TidewaiterError } from '@tidewaiter/domain';
import { fingerprintOf, readRuleFiles, shippedCompiledRules } from '@tidewaiter/rule-files';
import { type ConfigError, ConfigState, Every, Health, Logger } from '@tidewaiter/runtime';
import { type LoadedRules as Loaded, loadRules, readPipeline, type RefusedRule } from '@tidewaiter/sigma';

import { DetectorMetrics } from '../detector-metrics.js';

const pollMs = 2_000;
/** Debounce time: copying several files takes a moment. */
const settleMs = 500;

/** Folders and files of rules. */
export interface RuleSources {
  folders: readonly string[];
  /** Files, in order. */
  pipelines: readonly string[];
}

type Listener = (rules: Loaded) => void;

/** Rules that a process loaded last, which outlive the reload of its configuration. */
export interface LastRules {
  loaded: Loaded | null;
}

interface Surroundings {
  lastRules: LastRules;
  metrics: DetectorMetrics;
  configuration: ConfigState;
  log: Logger;
}

/**
 * Rules in use, loaded from their folders. Rejected rules are listed; the others stay in use, and
 * so does a rule as it was before its document was changed to a wrong one.
 */
@Injectable()
export class RuleLoader {
  #fingerprint = '';
  #current: Loaded;
  readonly #listeners: Listener[] = [];

  private constructor(
    private readonly sources: RuleSources,
    private readonly surroundings: Surroundings,
  ) {
    this.#current = surroundings.lastRules.loaded ?? loadRules([]);
  }

  static async open(sources: RuleSources, surroundings: Surroundings, health: Health): Promise<RuleLoader> {
    const rules = new RuleLoader(sources, surroundings);
    await rules.refresh();
    const { lastRules } = surroundings;
    health.add('rules', async () => (lastRules.loaded === null ? 'rules cannot be read' : undefined));
    return rules;
  }

  get current(): Loaded {
    return this.#current;
  }

  /** Registers a listener for changed rules. */
  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** If folders cannot be read, keeps the rules in use and reports a wrong configuration. */
  @Every(pollMs)
  async refresh(): Promise<void> {
    const { metrics, configuration, log } = this.surroundings;
    try {
      const fingerprint = await this.#look();
      if (fingerprint !== this.#fingerprint) {
        if (this.#fingerprint !== '' && (await this.#isChanging(fingerprint))) return;
        await this.#load(fingerprint);
      }
      configuration.partLoaded('rules', errorOf(this.#current.superseded));
    } catch (err) {
      const message = err instanceof TidewaiterError ? err.message : 'the rules cannot be read';
      configuration.partLoaded('rules', { code: 'RULES_MISSING', message });
      metrics.reloads.inc({ result: 'failed' });
      log.error({ ...this.sources, err }, 'rule load failed');
    }
  }

  async #look(): Promise<string> {
    return fingerprintOf([...this.sources.folders, ...this.sources.pipelines]);
  }

  async #isChanging(fingerprint: string): Promise<boolean> {
    await sleep(settleMs);
    return (await this.#look()) !== fingerprint;
  }

  async #load(fingerprint: string): Promise<void> {
    const began = performance.now();
    const { folders, pipelines } = this.sources;
    const { lastRules, metrics, log } = this.surroundings;
    // Later only changed files are parsed.
    const compiled = this.#fingerprint === '' ? await shippedCompiledRules() : undefined;
    const loaded = loadRules(await readRuleFiles(folders), {
      pipelines: (await readRuleFiles(pipelines)).map(readPipeline),
      previous: this.#current,
      ...(compiled && { compiled }),
      validate: scopeProblem,
    });
    this.#fingerprint = fingerprint;
    this.#current = loaded;
    lastRules.loaded = loaded;
    for (const refused of loaded.refused) log.warn({ ...refused }, 'rule rejected');
    const counts = { loaded: loaded.rules.rules.length + loaded.correlations.length, refused: loaded.refused.length };
    log.info({ ...counts, duration_ms: Math.round(performance.now() - began) }, 'rules loaded');
    metrics.loaded(counts);
    for (const listener of this.#listeners) listener(loaded);
  }
}

const namedAtMost = 5;

function errorOf(superseded: readonly RefusedRule[]): ConfigError | null {
  if (superseded.length === 0) return null;
  const named = superseded.slice(0, namedAtMost).map(({ file, line, reason }) => `${file}:${line} ${reason}`);
  const more = superseded.length - named.length;
  return { code: 'RULE_INVALID', message: [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('\n') };
}
