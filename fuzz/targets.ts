import type { Target } from './target.ts';
import { advisoryFeeds } from './targets/advisory-feeds.ts';
import { apk } from './targets/apk.ts';
import { archiveIndex } from './targets/archive-index.ts';
import { binaries } from './targets/binaries.ts';
import { dockerfile } from './targets/dockerfile.ts';
import { dotnet } from './targets/dotnet.ts';
import { dpkg } from './targets/dpkg.ts';
import { entries } from './targets/entries.ts';
import { goBinary } from './targets/go-binary.ts';
import { imageConfig } from './targets/image-config.ts';
import { installedLibraries } from './targets/installed-libraries.ts';
import { java } from './targets/java.ts';
import { kubernetes } from './targets/kubernetes.ts';
import { layerGzip } from './targets/layer-gzip.ts';
import { layerTar } from './targets/layer-tar.ts';
import { layerZstd } from './targets/layer-zstd.ts';
import { manifest } from './targets/manifest.ts';
import { nodeLocks } from './targets/node-locks.ts';
import { nodePackage } from './targets/node-package.ts';
import { osRelease } from './targets/os-release.ts';
import { otherLocks } from './targets/other-locks.ts';
import { pipelineDocuments } from './targets/pipeline-documents.ts';
import { provenance } from './targets/provenance.ts';
import { python } from './targets/python.ts';
import { rpmBerkeleyDb } from './targets/rpm-berkeley-db.ts';
import { rpmNdb } from './targets/rpm-ndb.ts';
import { rpmSqlite } from './targets/rpm-sqlite.ts';
import { rustBinary } from './targets/rust-binary.ts';
import { sbom } from './targets/sbom.ts';
import { secrets } from './targets/secrets.ts';
import { sensorCloudtrail } from './targets/sensor-cloudtrail.ts';
import { sensorCri } from './targets/sensor-cri.ts';
import { sensorFalco } from './targets/sensor-falco.ts';
import { sensorGeneric } from './targets/sensor-generic.ts';
import { sensorGuardduty } from './targets/sensor-guardduty.ts';
import { sensorKubernetesAudit } from './targets/sensor-kubernetes-audit.ts';
import { sensorKubernetesWatch } from './targets/sensor-kubernetes-watch.ts';
import { sensorTetragon } from './targets/sensor-tetragon.ts';
import { sensorTracee } from './targets/sensor-tracee.ts';
import { systemPackages } from './targets/system-packages.ts';
import { tomlLocks } from './targets/toml-locks.ts';

/** Every target, one line each, by name. */
export const targets: readonly Target[] = [
  advisoryFeeds,
  apk,
  archiveIndex,
  binaries,
  dockerfile,
  dotnet,
  dpkg,
  entries,
  goBinary,
  imageConfig,
  installedLibraries,
  java,
  kubernetes,
  layerGzip,
  layerTar,
  layerZstd,
  manifest,
  nodeLocks,
  nodePackage,
  osRelease,
  otherLocks,
  pipelineDocuments,
  provenance,
  python,
  rpmBerkeleyDb,
  rpmNdb,
  rpmSqlite,
  rustBinary,
  sbom,
  secrets,
  sensorCloudtrail,
  sensorCri,
  sensorFalco,
  sensorGeneric,
  sensorGuardduty,
  sensorKubernetesAudit,
  sensorKubernetesWatch,
  sensorTetragon,
  sensorTracee,
  systemPackages,
  tomlLocks,
];
