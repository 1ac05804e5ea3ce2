/** A file of a demo image. */
export interface DemoFile {
  /** Without a leading slash. */
  path: string;
  content: string;
  mode?: number;
}

const blockBytes = 512;

/**
 * A tar of the files, owned by root; the same files give the same bytes.
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 */
export function tarOf(files: readonly DemoFile[]): Buffer {
  const entries = files.flatMap(({ path, content, mode = 0o644 }) => {
    const bytes = Buffer.from(content);
    return [header(path, bytes.length, mode), bytes, Buffer.alloc(-bytes.length & (blockBytes - 1))];
  });
  return Buffer.concat([...entries, Buffer.alloc(2 * blockBytes)]);
}

function header(path: string, sizeBytes: number, mode: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  block.write(path, 0, 100);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(sizeBytes, 11), 124);
  block.write(octal(0, 11), 136);
  // The checksum counts its own field as spaces.
  block.write('        0', 148);
  block.write('ustar\u000000', 257, 'latin1');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)}\0 `, 148, 'latin1');
  return block;
}
