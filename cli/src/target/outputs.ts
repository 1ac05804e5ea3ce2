import { appendFile, writeFile } from 'node:fs/promises';

import { InvalidInput, printable, version } from '@tidewaiter/domain';
import { type RenderOptions, type Report, type ReportFormat, reportFormats } from '@tidewaiter/reports';

import { printStderr } from '../context.js';
import { isColored, stdoutWidth } from '../terminal.js';

/** One `--output FORMAT[=FILE]`. */
export interface Output {
  format: ReportFormat;
  /** Standard output unless given. */
  file?: string;
}

const plainWidth = 120;

/** Reads what `--output` was given; answers in words what is wrong with it. */
export function readOutputs(texts: readonly string[]): Output[] | string {
  const outputs: Output[] = [];
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    const format = reportFormats.find((each) => each.name === name);
    if (!format) return `unknown format ${name}; formats are ${reportFormats.map((each) => each.name).join(', ')}`;
    outputs.push(equals === -1 ? { format } : { format, file: text.slice(equals + 1) });
  }
  const toStdout = outputs.filter(({ file }) => file === undefined);
  return toStdout.length > 1 ? 'only one output can go to standard output; name files for the others' : outputs;
}

/**
 * Purpose of a report: an inventory lists packages and gives no verdict, a gate's exit code follows
 * the verdict.
 */
export type Purpose = Partial<Pick<RenderOptions, 'isInventory' | 'isGate'>>;

/** Stands in the name of a file for the number of the target, from 1. */
const numberMark = '{}';

/** Explains which output cannot hold the reports of several targets. */
export function severalProblem(outputs: readonly Output[]): string | undefined {
  const one = outputs.find(({ format, file }) => format.ofSeveral === 'none' && !file?.includes(numberMark));
  if (!one) return undefined;
  const { name } = one.format;
  return `${name} has no form for several targets: name a file for each, as in ${name}=report-${numberMark}`;
}

/** Writes a report in every format that was asked for. */
export async function writeReport(report: Report, outputs: readonly Output[], purpose: Purpose): Promise<void> {
  for (const { format, file } of outputs) {
    const text = rendered(report, { format, ...(file !== undefined && { file }) }, purpose);
    if (file === undefined) process.stdout.write(text);
    else await writeOutput(file, (path) => writeFile(path, text));
  }
}

/**
 * Prints why a gate does not pass, unless a table on standard output ends with it: an exit code
 * without a word would look like a failure of the tool.
 */
export function printObstacle({ target, verdict }: Report, outputs: readonly Output[]): void {
  if (verdict.result === 'pass') return;
  if (outputs.some(({ format, file }) => format.name === 'table' && file === undefined)) return;
  const result = verdict.result === 'fail' ? 'failed' : 'no verdict';
  printStderr(printable(`tidewaiter: ${target.reference}: ${result}: ${verdict.reasons.join('; ')}`));
}

/** Writes the reports of several targets, each as soon as it is there. */
export class SeveralReports {
  readonly #begun = new Set<string>();

  constructor(
    private readonly outputs: readonly Output[],
    private readonly purpose: Purpose,
  ) {}

  /** @param number place of the target in the list, from 1 */
  async write(report: Report, number: number): Promise<void> {
    for (const output of this.outputs) {
      const text = rendered(report, output, this.purpose);
      if (output.file?.includes(numberMark)) {
        const file = output.file.replaceAll(numberMark, String(number));
        await writeOutput(file, (path) => writeFile(path, text));
        continue;
      }
      const part = output.format.ofSeveral === 'lines' ? `${JSON.stringify(JSON.parse(text))}\n` : text;
      if (output.file === undefined) process.stdout.write(part);
      else await this.#append(output.file, part);
    }
  }

  /** The first report replaces what an earlier run has written. */
  async #append(file: string, text: string): Promise<void> {
    const write = this.#begun.has(file) ? appendFile : writeFile;
    this.#begun.add(file);
    await writeOutput(file, (path) => write(path, text));
  }
}

function rendered(report: Report, { format, file }: Output, purpose: Purpose): string {
  return format.render(report, {
    width: file === undefined && process.stdout.isTTY ? stdoutWidth() : plainWidth,
    isColored: file === undefined && isColored(),
    toolVersion: version,
    ...purpose,
  });
}

async function writeOutput(file: string, write: (path: string) => Promise<void>): Promise<void> {
  await write(file).catch((cause: unknown) => {
    throw new InvalidInput('OUTPUT_UNWRITABLE', `${file} cannot be written`, { cause });
  });
}
