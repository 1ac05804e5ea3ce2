/** Fields of a CPE that decide a match; `*` is any value and `-` is none. */
export interface Cpe {
  /** `a` for applications, `o` for operating systems, `h` for hardware. */
  part: string;
  /** `f5:nginx`, in lower case and without escapes. */
  product: string;
  version: string;
  update: string;
  edition: string;
  targetSoftware: string;
}

const maxLength = 1_000;

/**
 * Parses a name of CPE 2.3; undefined for other text.
 * @see https://nvlpubs.nist.gov/nistpubs/Legacy/IR/nistir7695.pdf, section 6.2
 */
export function readCpe(text: string): Cpe | undefined {
  if (text.length > maxLength || !text.startsWith('cpe:2.3:')) return undefined;
  const fields = (text.slice('cpe:2.3:'.length).match(/(?:\\.|[^\\:])+/gs) ?? []).map((field) =>
    field.replaceAll(/\\(.)/gs, '$1').trim().toLowerCase(),
  );
  const [part, vendor, product, version = '*', update = '*', edition = '*', , , targetSoftware = '*'] = fields;
  if (part === undefined || vendor === undefined || product === undefined) return undefined;
  return { part, product: `${vendor}:${product}`, version, update, edition, targetSoftware };
}

/** Vendors of operating systems other than Linux, and products of vendors that also have Linux. */
const otherVendors = new Set([
  'microsoft',
  'apple',
  'freebsd',
  'netbsd',
  'openbsd',
  'novell',
  'cisco',
  'juniper',
  'sun',
]);
const otherProducts =
  /^(?:(?:mac|win|netware|solaris|sunos|aix|hp-?ux|hpux|os2|os_2|os400|z\/?os|ios|iphone|android|vxworks|irix|unixware|openvms|tru64)|.*(?:windows|_ios$|bsd$))/;

/** Whether software for a platform cannot be a program for Linux. */
export function isOtherPlatform(name: string): boolean {
  return otherProducts.test(name);
}

/** Whether a CPE is an operating system on which no Linux program runs. */
export function isOtherSystem({ part, product }: Pick<Cpe, 'part' | 'product'>): boolean {
  const [vendor = '', name = ''] = product.split(':');
  return part === 'o' && (otherVendors.has(vendor) || isOtherPlatform(name));
}

/** Whether a CPE is Linux itself, in any version. */
export function isLinux({ part, product }: Pick<Cpe, 'part' | 'product'>): boolean {
  return part === 'o' && (product === 'linux:linux_kernel' || product === 'linux:linux');
}
