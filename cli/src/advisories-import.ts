import { type OsvAdvisory, readOsvRecord } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, printable, TidewaiterError } from '@tidewaiter/domain';
import type { Advisories } from '@tidewaiter/store';

import { type AdvisorySource, advisorySources } from './advisories-source.js';
import { environment, tell } from './context.js';
import { count, fit } from './terminal.js';

/** Large enough to be fast, small enough that a kernel's worth of records does not fill the memory. */
const batchSize = 1_000;
const maxNamedRejects = 10;

type WithAdvisories = (work: (advisories: Advisories) => Promise<void>) => Promise<void>;

/**
 * Imports everything that the paths stand for. An archive that cannot be read is told and sets the exit code; the others are
 * imported nevertheless.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function importAdvisories(
  paths: readonly string[],
  quiet: boolean,
  withAdvisories: WithAdvisories,
): Promise<void> {
  // All of them before the first write: a mistyped path should be told at once.
  const sources = (await Promise.all(paths.map(advisorySources))).flat();
  await withAdvisories(async (advisories) => {
    for (const source of sources) {
      const run = new Import(source, advisories, quiet);
      try {
        await run.run();
      } catch (error) {
        if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
        tell(`${printable(source.name)}: ${printable(error.message)}`);
        process.exitCode = 2;
      }
    }
  });
}

/** The import of one source. While PostgreSQL writes a batch, the next one is read. */
class Import {
  #records = 0;
  #changed = 0;
  #rejected = 0;
  #incomplete = 0;
  #writing: Promise<void> = Promise.resolve();
  readonly #hasProgress: boolean;

  constructor(
    private readonly source: AdvisorySource,
    private readonly advisories: Advisories,
    private readonly quiet: boolean,
  ) {
    this.#hasProgress = !quiet && process.stderr.isTTY && environment['TERM'] !== 'dumb';
  }

  async run(): Promise<void> {
    const start = performance.now();
    try {
      await this.#read();
    } finally {
      this.#clearProgress();
      // What was written counts, also when the archive breaks in the middle.
      await this.#writing;
      const counts = { records: this.#records, changed: this.#changed, rejected: this.#rejected };
      await this.advisories.imported({ source: this.source.name, ...counts });
    }
    if (!this.quiet) tell(this.#summary((performance.now() - start) / 1000));
  }

  async #read(): Promise<void> {
    let batch: OsvAdvisory[] = [];
    for await (const item of this.source.records()) {
      const advisory = 'error' in item ? item.error : readRecord(item.json);
      if (advisory instanceof TidewaiterError) this.#reject(item.name, advisory);
      else batch.push(advisory);
      if (batch.length < batchSize) continue;
      await this.#write(batch);
      batch = [];
    }
    await this.#write(batch);
  }

  async #write(batch: readonly OsvAdvisory[]): Promise<void> {
    await this.#writing;
    this.#records += batch.length;
    this.#incomplete += batch.filter(({ dropped }) => dropped.length > 0).length;
    this.#showProgress();
    this.#writing = this.#put(batch);
    // It is awaited before the next one; until then a failure must not end the process.
    this.#writing.catch(() => undefined);
  }

  async #put(batch: readonly OsvAdvisory[]): Promise<void> {
    this.#changed += await this.advisories.put(batch);
  }

  #reject(name: string, { message }: TidewaiterError): void {
    this.#rejected++;
    if (this.#rejected > maxNamedRejects) return;
    this.#clearProgress();
    tell(`rejected ${printable(name)}: ${printable(message)}`);
  }

  #showProgress(): void {
    if (!this.#hasProgress) return;
    process.stderr.write(
      `\r${fit(`${printable(this.source.name)}  ${count(this.#records)} records`, process.stderr)}\x1b[K`,
    );
  }

  #clearProgress(): void {
    if (this.#hasProgress) process.stderr.write('\r\x1b[K');
  }

  #summary(seconds: number): string {
    const counts = `${count(this.#changed)} changed, ${count(this.#rejected)} rejected`;
    const incomplete = this.#incomplete > 0 ? `; ${count(this.#incomplete)} have parts that cannot be read` : '';
    const what = `${count(this.#records)} records from ${printable(this.source.name)}`;
    return `imported ${what} (${counts}) in ${seconds.toFixed(1)} s${incomplete}`;
  }
}

function readRecord(json: unknown): OsvAdvisory | InvalidInput {
  try {
    return readOsvRecord(json);
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
}
