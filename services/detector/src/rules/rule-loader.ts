import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { scopeProblem } from '@tidewaiter/detection';
import { fingerprintOf, readRuleFiles, shippedCompiledRules } from '@tidewaiter/rule-files';
import { Every, Health, Logger } from '@tidewaiter/runtime';
import { type LoadedRules as Loaded, loadRules, readPipeline } from '@tidewaiter/sigma';

import { DetectorMetrics } from '../detector-metrics.js';

const pollMs = 5_000;
/** Debounce time: copying several files takes a moment. */
const settleMs = 500;

/** Folders and files of rules. */
export interface RuleSources {
  folders: readonly string[];
  /** Files, in order. */
  pipelines: readonly string[];
}

type Listener = (rules: Loaded) => void;

/** Rules in use, loaded from their folders. Rejected rules are listed; the others stay in use. */
@Injectable()
export class RuleLoader {
  #fingerprint = '';
  #current: Loaded = loadRules([]);
  #problem: string | undefined;
  readonly #listeners: Listener[] = [];

  private constructor(
    private readonly sources: RuleSources,
    private readonly metrics: DetectorMetrics,
    private readonly log: Logger,
  ) {}

  static async open(sources: RuleSources, metrics: DetectorMetrics, log: Logger, health: Health): Promise<RuleLoader> {
    const rules = new RuleLoader(sources, metrics, log);
    await rules.refresh();
    health.add('rules', async () => rules.#problem);
    return rules;
  }

  get current(): Loaded {
    return this.#current;
  }

  /** Registers a listener for changed rules. */
  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** If folders cannot be read, keeps the rules in use and reports the service as not ready. */
  @Every(pollMs)
  async refresh(): Promise<void> {
    try {
      const fingerprint = await this.#look();
      this.#problem = undefined;
      if (fingerprint === this.#fingerprint) return;
      if (this.#fingerprint !== '' && (await this.#isChanging(fingerprint))) return;
      await this.#load(fingerprint);
    } catch (err) {
      this.#problem = 'rules cannot be read';
      this.metrics.reloads.inc({ result: 'failed' });
      this.log.error({ ...this.sources, err }, 'rule load failed');
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
    for (const refused of loaded.refused) this.log.warn({ ...refused }, 'rule rejected');
    const counts = { loaded: loaded.rules.rules.length + loaded.correlations.length, refused: loaded.refused.length };
    this.log.info({ ...counts, duration_ms: Math.round(performance.now() - began) }, 'rules loaded');
    this.metrics.loaded(counts);
    for (const listener of this.#listeners) listener(loaded);
  }
}
