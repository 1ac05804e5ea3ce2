import { writeFile } from 'node:fs/promises';

import { InvalidInput, version } from '@tidewaiter/domain';
import { type RenderOptions, type Report, type ReportFormat, reportFormats } from '@tidewaiter/reports';

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

/** Writes a report in every format that was asked for. */
export async function writeReport(report: Report, outputs: readonly Output[], purpose: Purpose): Promise<void> {
  for (const { format, file } of outputs) {
    const text = format.render(report, {
      width: file === undefined && process.stdout.isTTY ? stdoutWidth() : plainWidth,
      isColored: file === undefined && isColored(),
      toolVersion: version,
      ...purpose,
    });
    if (file === undefined) process.stdout.write(text);
    else await writeOutput(file, text);
  }
}

async function writeOutput(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: unknown) => {
    throw new InvalidInput('OUTPUT_UNWRITABLE', `${file} cannot be written`, { cause });
  });
}
