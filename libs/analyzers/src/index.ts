import { hash } from 'node:crypto';

import { commandsVersion, integrityVersion } from '@tidewaiter/integrity';
import { entriesVersion, type TreeMember } from '@tidewaiter/oci';
import { secretsVersion } from '@tidewaiter/secrets';

import { alpm } from './alpm/alpm.js';
import {
  analyzeLayerWith,
  analyzeTreeWith,
  type LayerAnalysis,
  type LayerOptions,
  versionOf,
} from './analyze-layer.js';
import type { Analyzer } from './analyzer.js';
import { apkRepositories } from './apk-repositories/apk-repositories.js';
import { apk } from './apk/apk.js';
import { aptPreferences } from './apt-preferences/apt-preferences.js';
import { aptSources } from './apt-sources/apt-sources.js';
import { asar } from './asar/asar.js';
import { binaries } from './binaries/binaries.js';
import { bunLock } from './bun-lock/bun-lock.js';
import { cabalFreeze } from './cabal-freeze/cabal-freeze.js';
import { cargoLock } from './cargo-lock/cargo-lock.js';
import { composerLock } from './composer-lock/composer-lock.js';
import { composer } from './composer/composer.js';
import { conan } from './conan/conan.js';
import { conda } from './conda/conda.js';
import { denoLock } from './deno-lock/deno-lock.js';
import { dotnetDeps } from './dotnet-deps/dotnet-deps.js';
import { dotnetPe } from './dotnet-pe/dotnet-pe.js';
import { dpkgFiles } from './dpkg-files/dpkg-files.js';
import { dpkg } from './dpkg/dpkg.js';
import { embeddedSbom } from './embedded-sbom/embedded-sbom.js';
import type { AnalysisOptions } from './file-readers.js';
import { flatpak } from './flatpak/flatpak.js';
import { gem } from './gem/gem.js';
import { gemfileLock } from './gemfile-lock/gemfile-lock.js';
import { goBinary } from './go-binary/go-binary.js';
import { goMod } from './go-mod/go-mod.js';
import { gradleLock } from './gradle-lock/gradle-lock.js';
import { homebrew } from './homebrew/homebrew.js';
import { javaModules } from './java-modules/java-modules.js';
import { java } from './java/java.js';
import { julia } from './julia/julia.js';
import { luarocks } from './luarocks/luarocks.js';
import { mixLock } from './mix-lock/mix-lock.js';
import { nativeImage } from './native-image/native-image.js';
import { nestedRoot } from './nested-root/nested-root.js';
import { nix } from './nix/nix.js';
import { nodeArchive } from './node-archive/node-archive.js';
import { nodePackage } from './node-package/node-package.js';
import { nodeStore } from './node-store/node-store.js';
import { npmLock } from './npm-lock/npm-lock.js';
import { nugetLock } from './nuget-lock/nuget-lock.js';
import { opkg } from './opkg/opkg.js';
import { osRelease } from './os-release/os-release.js';
import { otp } from './otp/otp.js';
import { packedProgram } from './packed-program/packed-program.js';
import { pdmLock } from './pdm-lock/pdm-lock.js';
import { perl } from './perl/perl.js';
import { pipfileLock } from './pipfile-lock/pipfile-lock.js';
import { pnpmLock } from './pnpm-lock/pnpm-lock.js';
import { poetryLock } from './poetry-lock/poetry-lock.js';
import { portage } from './portage/portage.js';
import { pubLock } from './pub-lock/pub-lock.js';
import { pythonOrigin } from './python-origin/python-origin.js';
import { pythonPackage } from './python-package/python-package.js';
import { pythonRecord } from './python-record/python-record.js';
import { pythonVendored } from './python-vendored/python-vendored.js';
import { rPackage } from './r-package/r-package.js';
import { rebarLock } from './rebar-lock/rebar-lock.js';
import { requirements } from './requirements/requirements.js';
import { rpmRepositories } from './rpm-repositories/rpm-repositories.js';
import { rpm } from './rpm/rpm.js';
import { rustBinary } from './rust-binary/rust-binary.js';
import { snap } from './snap/snap.js';
import { stackLock } from './stack-lock/stack-lock.js';
import { swiftResolved } from './swift-resolved/swift-resolved.js';
import { unlockedManifest } from './unlocked-manifest/unlocked-manifest.js';
import { unreadArchive } from './unread-archive/unread-archive.js';
import { uvLock } from './uv-lock/uv-lock.js';
import { wordpress } from './wordpress/wordpress.js';
import { yarnCache } from './yarn-cache/yarn-cache.js';
import { yarnLock } from './yarn-lock/yarn-lock.js';
import { zipapp } from './zipapp/zipapp.js';

export {
  FactBudget,
  type FactLimits,
  factLimits,
  factLimitsFor,
  limitedFindings,
  limitedPackages,
} from './fact-limits.js';
export type { AnalysisOptions } from './file-readers.js';
export { databaseWarnings } from './database-links.js';
export { inventory } from './inventory.js';
export { configFindings, fileFindings, evaluateFiles } from './image-findings.js';
export { groupSecrets, secretPlacesVersion } from './secret-places.js';
export type { FileEvaluation } from './image-findings.js';
export { imageFiles } from './image-files.js';
export type { VisibleFile } from './image-files.js';
export { purlOf } from './purl.js';
export { readSbom } from './sbom-packages.js';
export { commonSbomDifferences } from './common-sbom-differences.js';
export { sbomDifferences } from './sbom-differences.js';
export type { SbomDifferences } from './sbom-differences.js';
export { isSpdx3, spdx3Elements, spdx3Purls } from './spdx3.js';
export type { Inventory } from './inventory.js';
export { linkedIn, linkedPrograms } from './linked-programs.js';
export type { Analyzer, FileFacts, SourceFile } from './analyzer.js';
export { decodeFacts, emptyLayer, encodeFacts } from './layer-facts.js';
export type { AnalyzedLayer, FileRecord, LayerFacts } from './layer-facts.js';
export type { LayerAnalysis, LayerOptions } from './analyze-layer.js';

/** All analyzers by name, one per line. */
export const analyzers: readonly Analyzer[] = [
  alpm,
  apk,
  apkRepositories,
  aptPreferences,
  aptSources,
  asar,
  binaries,
  bunLock,
  cabalFreeze,
  cargoLock,
  composer,
  composerLock,
  conan,
  conda,
  denoLock,
  dotnetDeps,
  dotnetPe,
  dpkg,
  dpkgFiles,
  embeddedSbom,
  flatpak,
  gem,
  gemfileLock,
  goBinary,
  goMod,
  gradleLock,
  homebrew,
  java,
  javaModules,
  julia,
  luarocks,
  mixLock,
  nativeImage,
  nestedRoot,
  nix,
  nodeArchive,
  nodePackage,
  nodeStore,
  npmLock,
  nugetLock,
  opkg,
  osRelease,
  otp,
  packedProgram,
  pdmLock,
  perl,
  pipfileLock,
  pnpmLock,
  poetryLock,
  portage,
  pubLock,
  pythonOrigin,
  pythonPackage,
  pythonRecord,
  pythonVendored,
  rPackage,
  rebarLock,
  requirements,
  rpm,
  rpmRepositories,
  rustBinary,
  snap,
  stackLock,
  swiftResolved,
  unlockedManifest,
  unreadArchive,
  uvLock,
  wordpress,
  yarnCache,
  yarnLock,
  zipapp,
];

/**
 * Version of these analyzers; a layer that was analyzed under another version is analyzed again.
 */
export const analyzersVersion = versionOf(analyzers);

/** Version of an analysis with these options, like `analyzersVersion` for one without options. */
export function analysisVersion(options: AnalysisOptions): string {
  const limits = options.factLimits && ` limits@${JSON.stringify(options.factLimits)}`;
  return `${analyzersVersion} ${searchVersion(options)} entries@${entriesVersion}${limits ?? ''}`;
}

/** Version of {@link configFindings} with these options. */
export function configFindingsVersion(options: AnalysisOptions): string {
  return `${searchVersion(options)} commands@${commandsVersion}`;
}

function searchVersion({ secretKey, isInspected = false }: AnalysisOptions): string {
  const secrets = secretKey === undefined ? 'none' : `${secretsVersion}-${hash('sha256', secretKey).slice(0, 16)}`;
  return `secrets@${secrets} integrity@${isInspected ? integrityVersion : 'none'}`;
}

/** Databases and manifests count at the path of their file, behind links. */
const followedLinks: readonly Analyzer[] = [apk, dpkg, nodePackage, nodeStore, osRelease, pythonPackage, rpm];

/**
 * Reads a layer once, as it arrives, with every analyzer.
 * @param open opens the blob from its start; called again if a database is a link to a file of
 * another name
 * @throws as `readLayer` of `@tidewaiter/oci`; LimitExceeded `maxFacts`
 */
export async function analyzeLayer(
  open: () => AsyncIterable<Uint8Array>,
  options: LayerOptions,
): Promise<LayerAnalysis> {
  return analyzeLayerWith(analyzers, followedLinks, open, options);
}

/**
 * Reads a file tree without layers with every analyzer.
 * @throws LimitExceeded with the name of one of `layerLimits`; `maxFacts`
 */
export async function analyzeTree(
  members: AsyncIterable<TreeMember>,
  options: AnalysisOptions,
): Promise<Omit<LayerAnalysis, 'diffId'>> {
  return analyzeTreeWith(analyzers, members, options);
}
