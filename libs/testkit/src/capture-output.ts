export interface CapturedOutput {
  stdout: string;
  stderr: string;
  /** Lets the process write again. */
  restore(): void;
}

/** Captures the output of this process to stdout and stderr, and prints nothing of it. */
export function captureOutput(): CapturedOutput {
  const { stdout, stderr } = process;
  const writeOut = stdout.write;
  const writeErr = stderr.write;
  const output: CapturedOutput = {
    stdout: '',
    stderr: '',
    restore() {
      stdout.write = writeOut;
      stderr.write = writeErr;
    },
  };
  stdout.write = (chunk: string | Uint8Array) => {
    output.stdout += textOf(chunk);
    return true;
  };
  stderr.write = (chunk: string | Uint8Array) => {
    output.stderr += textOf(chunk);
    return true;
  };
  return output;
}

function textOf(chunk: string | Uint8Array): string {
  return typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
}
