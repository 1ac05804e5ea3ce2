const blockBytes = 512;

/** Puts the right checksum into every block that looks like a header of a tar. */
export function withTarChecksums(tar: Buffer): Buffer {
  for (let at = 0; at + blockBytes <= tar.length; at += blockBytes) {
    const block = tar.subarray(at, at + blockBytes);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return tar;
}
