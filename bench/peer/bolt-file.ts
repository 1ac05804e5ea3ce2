/**
 * Writer of bbolt files, the database format of Trivy: whole trees, packed from their leaves up.
 * @see https://github.com/etcd-io/bbolt
 */

/** Tree of buckets by name, with texts at its leaves. */
export interface Bucket extends Map<string, Bucket | string> {}

const pageBytes = 4096;
const headerBytes = 16;
const elementBytes = 16;
const isBranch = 1;
const isLeaf = 2;
const isMeta = 4;
const isFreelist = 16;
const isBucket = 1;
/** First pages: two copies of the meta page and the empty list of free pages. */
const reservedPages = 3;
const freelistPage = 2;
const maxInlineBytes = 1024;

interface Element {
  key: Buffer;
  value: Buffer;
  flags: number;
}

/** Page of a tree with its first key, as its parent names it. */
interface Child {
  key: Buffer;
  page: number;
}

/** Returns the file that has these buckets below its root. */
export function boltFile(buckets: Bucket): Buffer {
  const pages = new Pages();
  const root = pages.tree(elementsOf(buckets, pages));
  const meta = [0, 1].map((copy) => metaPage(copy, root, reservedPages + pages.count));
  const freelist = Buffer.alloc(pageBytes);
  writeHeader(freelist, { page: freelistPage, flags: isFreelist, count: 0 });
  return Buffer.concat([...meta, freelist, ...pages.written]);
}

class Pages {
  readonly written: Buffer[] = [];
  count = 0;

  /** Writes a tree of pages; returns the root. */
  tree(elements: readonly Element[]): number {
    let level = split(elements, ({ key, value }) => key.length + value.length).map((part): Child => {
      const page = this.#add(isLeaf, leafBody(part), part.length);
      return { key: part[0]?.key ?? Buffer.alloc(0), page };
    });
    while (level.length > 1) {
      level = split(level, ({ key }) => key.length).map((part): Child => {
        const page = this.#add(isBranch, branchBody(part), part.length);
        return { key: part[0]!.key, page };
      });
    }
    return level[0]!.page;
  }

  #add(flags: number, body: Buffer, count: number): number {
    const page = reservedPages + this.count;
    const pages = Math.ceil((headerBytes + body.length) / pageBytes);
    const bytes = Buffer.alloc(pages * pageBytes);
    writeHeader(bytes, { page, flags, count, overflow: pages - 1 });
    body.copy(bytes, headerBytes);
    this.written.push(bytes);
    this.count += pages;
    return page;
  }
}

/** Splits a level into parts that fill a page each. */
function split<T>(elements: readonly T[], sizeOf: (element: T) => number): T[][] {
  const parts: T[][] = [[]];
  let size = headerBytes;
  for (const element of elements) {
    const bytes = elementBytes + sizeOf(element);
    if (size + bytes > pageBytes && parts.at(-1)!.length >= 2) {
      parts.push([]);
      size = headerBytes;
    }
    parts.at(-1)!.push(element);
    size += bytes;
  }
  return parts;
}

/** Elements of a bucket in the order of their bytes; those of small buckets contain their page. */
function elementsOf(bucket: Bucket, pages: Pages): Element[] {
  const elements = [...bucket].map(([name, value]): Element => {
    const key = Buffer.from(name);
    if (typeof value === 'string') return { key, value: Buffer.from(value), flags: 0 };
    return { key, value: bucketValue(elementsOf(value, pages), pages), flags: isBucket };
  });
  return elements.toSorted((a, b) => Buffer.compare(a.key, b.key));
}

/** Root page and sequence of a bucket; an inline page has the root 0 and follows. */
function bucketValue(elements: readonly Element[], pages: Pages): Buffer {
  const head = Buffer.alloc(16);
  const body = leafBody(elements);
  if (body.length > maxInlineBytes || elements.some(({ flags }) => flags === isBucket)) {
    head.writeBigUInt64LE(BigInt(pages.tree(elements)));
    return head;
  }
  const page = Buffer.alloc(headerBytes);
  writeHeader(page, { page: 0, flags: isLeaf, count: elements.length });
  return Buffer.concat([head, page, body]);
}

function leafBody(elements: readonly Element[]): Buffer {
  let at = elements.length * elementBytes;
  const heads = elements.map(({ key, value, flags }, index) => {
    const head = Buffer.alloc(elementBytes);
    head.writeUInt32LE(flags, 0);
    head.writeUInt32LE(at - index * elementBytes, 4);
    head.writeUInt32LE(key.length, 8);
    head.writeUInt32LE(value.length, 12);
    at += key.length + value.length;
    return head;
  });
  return Buffer.concat([...heads, ...elements.flatMap(({ key, value }) => [key, value])]);
}

function branchBody(children: readonly Child[]): Buffer {
  let at = children.length * elementBytes;
  const heads = children.map(({ key, page }, index) => {
    const head = Buffer.alloc(elementBytes);
    head.writeUInt32LE(at - index * elementBytes, 0);
    head.writeUInt32LE(key.length, 4);
    head.writeBigUInt64LE(BigInt(page), 8);
    at += key.length;
    return head;
  });
  return Buffer.concat([...heads, ...children.map(({ key }) => key)]);
}

interface PageHeader {
  page: number;
  flags: number;
  count: number;
  overflow?: number;
}

function writeHeader(bytes: Buffer, { page, flags, count, overflow = 0 }: PageHeader): void {
  bytes.writeBigUInt64LE(BigInt(page), 0);
  bytes.writeUInt16LE(flags, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(overflow, 12);
}

function metaPage(copy: number, root: number, pages: number): Buffer {
  const page = Buffer.alloc(pageBytes);
  writeHeader(page, { page: copy, flags: isMeta, count: 0 });
  const meta = page.subarray(headerBytes);
  meta.writeUInt32LE(0xed0cdaed, 0);
  meta.writeUInt32LE(2, 4);
  meta.writeUInt32LE(pageBytes, 8);
  meta.writeBigUInt64LE(BigInt(root), 16);
  meta.writeBigUInt64LE(BigInt(freelistPage), 32);
  meta.writeBigUInt64LE(BigInt(pages), 40);
  meta.writeBigUInt64LE(BigInt(copy), 48);
  meta.writeBigUInt64LE(fnv64a(meta.subarray(0, 56)), 56);
  return page;
}

function fnv64a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
