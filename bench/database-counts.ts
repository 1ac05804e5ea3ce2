import { readdirSync, readFileSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';

import type { DataSource } from 'typeorm';

/** Name of the connections of a bench, which are not counted. */
export const benchName = 'tidewaiter-bench';

/** Statements and transactions of one program, by its name in pg_stat_activity. */
export interface DatabaseWork {
  statements: number;
  /** Transactions, those of single statements and of reads included. */
  transactions: number;
  /** Statements by their text, most frequent first. */
  texts: Map<string, number>;
}

/**
 * Counts what programs ask of PostgreSQL, from its log. `start` makes the server log every
 * statement, which costs time: CPU and latency are measured without it.
 */
export class StatementLog {
  #position = 0;
  readonly #database: DataSource;
  readonly #file: string;

  constructor(database: DataSource, file: string) {
    this.#database = database;
    this.#file = file;
  }

  async start(): Promise<void> {
    await this.#settings({ log_statement: `'all'`, log_line_prefix: `'@%a@%p@ '`, log_parameter_max_length: '0' });
    this.#position = (await stat(this.#file)).size;
  }

  /** Work since `start`, by program. */
  async stop(): Promise<Map<string, DatabaseWork>> {
    await this.#settings({ log_statement: `'none'` });
    const handle = await open(this.#file);
    try {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.max(0, size - this.#position));
      await handle.read(bytes, 0, bytes.length, this.#position);
      return workOf(bytes.toString('utf8'));
    } finally {
      await handle.close();
    }
  }

  async #settings(settings: Record<string, string>): Promise<void> {
    for (const [name, value] of Object.entries(settings))
      await this.#database.query(`ALTER SYSTEM SET ${name} = ${value}`);
    await this.#database.query('SELECT pg_reload_conf()');
    // Sessions read the settings between two statements.
    await new Promise((read) => setTimeout(read, 300));
  }
}

/** Lines of statements; a statement of several lines goes on behind a tab. */
const statementLine = /^@(?<program>[^@]*)@(?<session>\d+)@ LOG: {2}(?:statement|execute [^:]*): (?<text>.*)$/;

function workOf(log: string): Map<string, DatabaseWork> {
  const works = new Map<string, DatabaseWork>();
  const inTransaction = new Set<string>();
  for (const line of log.replaceAll(/\n\t\s*/g, ' ').split('\n')) {
    const { program = '', session = '', text = '' } = statementLine.exec(line)?.groups ?? {};
    if (text === '' || program.startsWith(benchName)) continue;
    const work = works.get(program) ?? { statements: 0, transactions: 0, texts: new Map<string, number>() };
    works.set(program, work);
    work.statements += 1;
    work.texts.set(text, (work.texts.get(text) ?? 0) + 1);
    const isBegin = /^(?:START TRANSACTION|BEGIN)\b/.test(text);
    if (isBegin || !inTransaction.has(session)) work.transactions += 1;
    if (isBegin) inTransaction.add(session);
    if (/^(?:COMMIT|ROLLBACK)\b/.test(text)) inTransaction.delete(session);
  }
  return works;
}

/** CPU seconds of PostgreSQL's processes so far, those of ended ones included. */
export function serverCpuSeconds(postmaster: number): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  let seconds = 0;
  for (const pid of processes) {
    const fields = statOf(pid);
    if (fields && Number(pid) !== postmaster && Number(fields[1]) === postmaster) seconds += ticks(fields, 11, 12);
  }
  return seconds + ticks(statOf(String(postmaster)) ?? [], 11, 12, 13, 14);
}

/** Fields of the kernel's counters from the state on. @see proc_pid_stat(5) */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // it has ended since
  }
}

function ticks(fields: readonly string[], ...places: number[]): number {
  let sum = 0;
  for (const place of places) sum += Number(fields[place] ?? 0);
  return sum / 100;
}

/** Transactions that wrote, as the server numbers them. */
export async function writesSoFar(database: DataSource): Promise<number> {
  const sql = 'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next';
  const [row] = await database.query<{ next: string }[]>(sql);
  return Number(row!.next);
}
