import type { Analyzer } from '../analyzer.js';
import { apk } from '../apk/apk.js';
import { attachedEntries, isReadArchive } from '../attached-archive.js';
import { dpkg } from '../dpkg/dpkg.js';
import { nestedRoot } from '../nested-root/nested-root.js';
import { oneLine } from '../package-database.js';
import { rpm } from '../rpm/rpm.js';

/** Format with the bytes that identify it. */
interface Format {
  name: string;
  bytes: Buffer;
  /** Offset of the bytes. */
  at: number;
}

const format = (name: string, bytes: string, at = 0): Format => ({ name, bytes: Buffer.from(bytes, 'latin1'), at });

/** Formats by their first bytes. */
const known = [
  format('SquashFS image', 'hsqs'),
  format('SquashFS image', 'sqsh'),
  format('XFS image', 'XFSB'),
  format('QCOW2 disk image', 'QFI\u00fb'),
  format('VMDK disk image', 'KDMV'),
  format('VHDX disk image', 'vhdxfile'),
  format('VirtualBox disk image', '<<< Oracle VM VirtualBox Disk Image'),
  format('cpio archive', '070701'),
  format('cpio archive', '070702'),
  format('7z archive', '7z\u00bc\u00af\u0027\u001c'),
  format('RAR archive', 'Rar!\u001a\u0007'),
];

const zip = format('ZIP archive', 'PK\u0003\u0004');
/** Analyzers of databases that a root file system in a ZIP archive has. */
const databases: readonly Analyzer[] = [apk, dpkg, nestedRoot, rpm];
const noHead = new Uint8Array();

/** Formats that the first bytes of a file do not show, by the usual names of their files. */
const image = /\.(?:iso|img|ima?ge|raw|vhd|ext[234]|erofs|btrfs|fs)$/i;
const inImages = [
  format('ISO 9660 image', 'CD001', 32_769),
  format('ext image', '\u0053\u00ef', 1_080),
  format('EROFS image', '\u00e2\u00e1\u00f5\u00e0', 1_024),
  format('Btrfs image', '_BHRfS_M', 65_600),
  format('disk image', '\u0055\u00aa', 510),
];

/** Data behind a script that may be an icon or a signature. */
const minBytes = 64 * 1024;

/** Code of PHP that an archive follows, and the list of the packages in it. */
const phpArchiveStart = '__HALT_COMPILER();';
const phpPackages = 'vendor/composer/installed.';

/** Kernel and modules, which the host's kernel does not read. */
const ofBoot = /^(?:boot|(?:usr\/)?lib\/modules)\//;

/**
 * Archives and images of file systems that no analyzer opens: programs in them are started by
 * mounting or unpacking them.
 */
export const unreadArchive: Analyzer = {
  name: 'unread-archive',
  version: 2,
  maxBytes: Infinity,
  wants: (path, head) =>
    !ofBoot.test(path) &&
    (known.some((each) => isOf(each, head)) ||
      image.test(path) ||
      path.endsWith('.phar') ||
      isScript(head) ||
      isOf(zip, head)),
  analyze: ({ path, content }) => {
    const found = known.find((each) => isOf(each, content)) ?? (image.test(path) ? imageOf(content) : undefined);
    if (found) return { unread: `${found.name}: its files are not read` };
    if (isOf(zip, content)) {
      const database = attachedEntries(content).find(({ name }) => databases.some(({ wants }) => wants(name, noHead)));
      return database ? { unread: `packages in the archive are not read: ${oneLine(database.name)}` } : {};
    }
    const isPhpArchive = content.includes(phpArchiveStart) && content.includes(phpPackages);
    if (isPhpArchive) return { unread: 'PHP archive: its packages are not read' };
    const bytes = isScript(content) ? dataBehind(content) : 0;
    return bytes < minBytes ? {} : { unread: `${bytes} bytes behind the script are not read` };
  },
};

function isScript(head: Uint8Array): boolean {
  return head[0] === 0x23 && head[1] === 0x21;
}

/** Bytes of an archive that a script unpacks, as of makeself; 0 for one that is read. */
function dataBehind(content: Buffer): number {
  const start = content.indexOf(0);
  return start === -1 || isReadArchive(attachedEntries(content)) ? 0 : content.length - start;
}

function imageOf(content: Buffer): Format | undefined {
  return inImages.find((each) => isOf(each, content));
}

function isOf({ bytes, at }: Format, content: Uint8Array): boolean {
  return content[at] === bytes[0] && bytes.equals(content.subarray(at, at + bytes.length));
}
