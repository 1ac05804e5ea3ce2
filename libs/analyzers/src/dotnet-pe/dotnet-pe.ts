import type { Analyzer, SourceFile } from '../analyzer.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages } from '../package-database.js';
import { readAssembly, type Assembly } from './assembly.js';
import { readPe } from './pe-file.js';
import { versionTexts } from './version-resource.js';

/** File that each shared framework has; its folder names the framework and its version. */
const frameworkFile =
  /(?:^|\/)shared\/(Microsoft\.(?:NETCore|AspNetCore|WindowsDesktop)\.App)\/(\d[\w.-]{0,63})\/(?:System\.Private\.CoreLib|Microsoft\.AspNetCore|PresentationCore)\.dll$/;
/**
 * Parts of a framework or SDK, references for compilers, and translations, none of which come from
 * NuGet.
 */
const ofFrameworks =
  /\.resources\.dll$|(?:^|\/)(?:shared\/Microsoft\.|sdk\/\d|packs\/|refs?\/|mono\/|gac\/|wine\/|Microsoft\.NET\/|templates\/)/i;

/**
 * NuGet packages by their assemblies, without a `deps.json`, and the shared frameworks of .NET. The
 * metadata of an assembly only suggests its package: assemblies of applications and of the runtime
 * are skipped.
 */
export const dotnetPe: Analyzer = {
  name: 'dotnet-pe',
  maxBytes: Infinity,
  version: 1,
  wants: (path, head) =>
    (path.endsWith('.dll') || path.endsWith('.exe')) &&
    head[0] === 0x4d && // 'MZ'
    head[1] === 0x5a &&
    (!ofFrameworks.test(path) || frameworkFile.test(path)),
  analyze: (file) => {
    const { path: foundIn } = file;
    const found = frameworkOf(foundIn) ?? packageOf(file);
    return collectPackages(found ? [libraryRecord({ type: 'nuget', ...found, foundIn })] : []);
  },
};

interface FrameworkVersion {
  name: string;
  version: string;
}

function frameworkOf(path: string): FrameworkVersion | undefined {
  const [, name, version] = frameworkFile.exec(path) ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

function packageOf({ path, content }: SourceFile): FrameworkVersion | undefined {
  const file = readPe(content);
  const assembly = readAssembly(file);
  if (!assembly || assembly.culture !== '') return undefined;
  const texts = versionTexts(file);
  const isLibrary = !path.endsWith('.exe') && isPublished(assembly, texts);
  if (ofRuntime.test(texts.get('ProductName') ?? '') || !(isLibrary || assembly.isStrongNamed)) return undefined;
  const version = packageVersion(texts, assembly);
  return version === undefined ? undefined : { name: assembly.name, version };
}

/**
 * Hundreds of assemblies of the runtime are beside a self-contained application, whose `deps.json`
 * names them as one.
 */
const ofRuntime = /^(?:Microsoft® \.NET|Microsoft \.NET|Mono Common Language Infrastructure|Wine)/;

/** Compilers write the project name if no company is set, which only applications leave so. */
function isPublished({ name }: Assembly, texts: ReadonlyMap<string, string>): boolean {
  const company = texts.get('CompanyName') ?? '';
  return company !== '' && company !== name;
}

/**
 * `13.0.1+ae9fe44e` and `13.0.1 built by …` are 13.0.1; `4.6.26515.6` counts builds and is no
 * version of a package.
 */
const productVersion = /^v?(\d{1,5}\.\d{1,5}(?:\.\d{1,5})?(?:-[0-9A-Za-z.-]{1,64})?)(?:\.0)?(?:[+ ].{0,512})?$/;
const fourNumbers = /^(\d{1,5}\.\d{1,5}\.\d{1,4})\.\d{1,10}$/;

function packageVersion(texts: ReadonlyMap<string, string>, assembly: Assembly): string | undefined {
  const stated = productVersion.exec(texts.get('ProductVersion') ?? '')?.[1];
  const ofFile = fourNumbers.exec(texts.get('FileVersion') ?? '')?.[1];
  const version = stated ?? ofFile ?? fourNumbers.exec(assembly.version)?.[1];
  // Default versions of compilers for projects without a version.
  return version === undefined || /^[01]\.0(?:\.0)?$/.test(version) ? undefined : version;
}
