import { utf16Of } from './encoded-text.js';
import { startsAsKeys } from './key-bytes.js';

// By extension: images, fonts, sound, archives and compiled code contain no text, and package lists
// no secrets.
const withoutText = new Set(
  (
    'png jpg jpeg gif bmp ico webp avif tif tiff psd heic icns xcf woff woff2 ttf otf eot pfb pfa mp3 mp4 ogg oga wav flac ' +
    'webm avi mkv mov m4a zip gz tgz bz2 tbz xz txz zst lz lz4 lzma 7z rar br jar war ear whl egg deb rpm apk gem nupkg ' +
    'crate iso img qcow2 so a o ko obj lib dll exe pdb dylib class pyc pyo elc wasm node bin dat mo gmo pdf ps djvu doc ' +
    'docx xls xlsx ppt pptx odt ods odp sqlite sqlite3 db mdb rdb pack idx cache nib car hyb dic aff bdic gresource typelib ' +
    'rlib rmeta bc glb gltf stl blend tfm vf pbm pgm ppm xpm cur svgz swf beam hi dex onnx pt safetensors gguf ckpt h5 hdf5 pb tflite npy npz parquet'
  ).split(' '),
);
const packageDatabase =
  /^(?:var\/lib\/dpkg\/(?:info|status|available)|(?:usr\/)?lib\/apk\/db\/|var\/lib\/rpm\/|usr\/lib\/sysimage\/)/;

/** Whether a file is part of the database of a package manager, which has no secrets. */
export const isPackageDatabase = (path: string): boolean => packageDatabase.test(path);

/** Binary files that are secrets: key stores, keys and keyrings. */
const binaries = new Set('p12 pfx jks jceks keystore kdbx der pk8 key keytab gpg'.split(' '));
/** Database with login credentials in clear text. */
const credentialDatabase = /(?:^|\/)gcloud\/(?:credentials|access_tokens)\.db$/;

const headBytes = 512;

/** Whether a file can contain secrets: text by its first 512 bytes, and key stores. */
export function mayHoldSecrets(path: string, head: Uint8Array): boolean {
  if (head.length === 0 || isPackageDatabase(path)) return false;
  if (startsAsKeys(head)) return true;
  const extension = extensionOf(path);
  if (binaries.has(extension)) return extension !== 'gpg' || path.endsWith('secring.gpg');
  if (withoutText.has(extension)) return extension === 'db' && credentialDatabase.test(path);
  return isText(head);
}

function extensionOf(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') ? path.slice(dot + 1).toLowerCase() : '';
}

/** Whether the extension of a file names a binary format that contains no text. */
export const hasKnownFormat = (path: string): boolean => withoutText.has(extensionOf(path));

function isText(head: Uint8Array): boolean {
  if (utf16Of(head) !== undefined) return true;
  const end = Math.min(head.length, headBytes);
  let controls = 0;
  for (let at = 0; at < end; at += 1) {
    const byte = head[at] as number;
    if (byte === 0) return false;
    // Tabs, line ends, form feeds and terminal escapes belong to text.
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b) controls += 1;
  }
  return controls * 20 <= end;
}

const examplePath =
  /(?:^|[/._-])(?:(?:unit)?tests?|testing|testdata|regress|fuzz(?:ing)?|specs?|__tests__|__mocks__|mocks?|fixtures?|examples?|samples?|demos?|docs?|documentation|man|tutorials?|vectors|benchmarks?|molecule|locales?|translations?|i18n)(?:[/._-]|$)|\.(?:md|rst|adoc|template|dist|tmpl|snap)$|readme|changelog|copyright|-info\/METADATA$|PKG-INFO$/i;

/**
 * Whether a file is a test, an example or documentation, in which apparent secrets are often none.
 */
export const isExamplePath = (path: string): boolean => examplePath.test(path);

const dependency =
  /(?:^|\/)(?:node_modules|bower_components|site-packages|dist-packages|vendor|gems|Godeps|pkg\/mod|\.cargo\/registry|\.m2\/repository)\/|^usr\/(?:share|lib|lib64|libexec)\/|(?:^|\/)usr\/share\//;

/**
 * Whether an example is part of a third-party package: the keys of its tests are public and grant
 * no access.
 */
export const isShippedExample = (path: string): boolean => dependency.test(path) && isExamplePath(path);

const derived =
  /\.d\.[cm]?ts$|\.(?:map|min\.[cm]?js|bundle\.js|chunk\.js)$|(?:^|\/)(?:dist|build|umd|bundles?)\/|[.-]bundle[\w.-]{0,40}\.js$/i;

/**
 * Whether a file is generated from sources: type definitions, source maps, bundles and builds.
 */
export const isDerived = (path: string): boolean => derived.test(path);

const madeByTools =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|[\w.-]{1,64}\.lock|pnpm-lock\.yaml|bun\.lockb?|go\.sum|gradle\.lockfile|packages\.lock\.json|composer\.installed|record|sha\d{0,3}sums(?:\.txt)?)$|\.(?:map|min\.js|min\.mjs|min\.css|css|scss|less|svg|po|pot|strings|xlf|xliff|html?|xhtml|sum|md5sums|pub|crt|cer|asc|sig|csv|tsv|gir|vapi|pm|pod|[1-8])$/i;

/**
 * Whether names and values of a file are no manual assignments: lock files, bundles, translations,
 * markup.
 */
export const isMadeByTools = (path: string): boolean => madeByTools.test(path);

const madeAtInstall =
  /^etc\/(?:ssl\/(?:private|certs)\/ssl-cert-snakeoil\.(?:key|pem)|pki\/tls\/(?:private|certs)\/localhost\.(?:key|crt)|pki\/dovecot\/(?:private|certs)\/dovecot\.pem)$/;

/**
 * Whether scripts of distributions' packages made a key or its certificate for the name of the
 * machine, so that a service starts at all: self-signed, and trusted by no client.
 * @see https://salsa.debian.org/apache-team/ssl-cert "make-ssl-cert"
 */
export const isMadeAtInstall = (path: string): boolean => madeAtInstall.test(path);
