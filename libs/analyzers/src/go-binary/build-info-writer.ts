/** Build information as Go's linker writes it since 1.18, for tests. */
export function goBuildInfo(goVersion: string, modules: string): Buffer {
  const header = Buffer.alloc(32);
  header.write('\u00ff Go buildinf:\b\u0002', 'latin1');
  const texts = [Buffer.from(goVersion), modules === '' ? Buffer.alloc(0) : framedModules(modules)];
  return Buffer.concat([header, ...texts.flatMap((text) => [Buffer.from(varint(text.length)), text])]);
}

/** List of modules between Go's markers. */
export function framedModules(modules: string): Buffer {
  const [start, end] = ['3077af0c9274080241e1c107e6d618e6', 'f932433186182072008242104116d8f2'];
  return Buffer.concat([Buffer.from(start, 'hex'), Buffer.from(modules), Buffer.from(end, 'hex')]);
}

/** Length in Go's form: seven bits a byte, lowest first. */
export function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
