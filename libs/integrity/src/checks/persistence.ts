import type { Finding, Severity } from '@tidewaiter/domain';

import { isCronJob, isStarted } from '../files/script-signs.js';
import { isAsPackaged, type EvaluatedImage, type IntegrityCheck, type LayerSign } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

type Rule = (sign: LayerSign, image: EvaluatedImage) => Pick<Finding, 'id' | 'severity' | 'title'> | undefined;

/**
 * Findings by sign of a visible file. Signs that are missing here count with others in `malware`.
 */
const rules: Readonly<Record<string, Rule>> = {
  'ld-preload': (sign, image) => ({
    id: 'ld-preload',
    severity: loadsOnlyPackaged(sign, image) ? 'medium' : 'high',
    title: 'Library preloaded into every program (ld.so.preload)',
  }),
  'download-and-run': evaluateDownload,
  'reverse-shell': () => ({
    id: 'reverse-shell',
    severity: 'high',
    title: 'Reverse shell command in file',
  }),
  'environment-upload': () => ({
    id: 'environment-upload',
    severity: 'high',
    title: 'Environment upload command (secret exfiltration)',
  }),
  'decoded-and-run': ({ path }) => ({
    id: 'decoded-and-run',
    severity: isStarted(path) ? 'high' : 'low',
    title: 'Encoded command decoded and executed',
  }),
  'authorized-key': ({ path }) => ({
    id: 'authorized-key',
    severity: path.startsWith('root/') ? 'high' : 'medium',
    title: 'SSH authorized key in image',
  }),
  'root-account': () => ({
    id: 'second-root-account',
    severity: 'critical',
    title: 'Second UID 0 account',
  }),
  'open-account': () => ({ id: 'account-without-password', severity: 'high', title: 'Account without password' }),
  password: () => ({
    id: 'account-password',
    severity: 'medium',
    title: 'Account password hash in image',
  }),
  'open-login': () => ({ id: 'login-without-password', severity: 'critical', title: 'Login without password' }),
  'sudo-without-password': () => ({
    id: 'sudo-without-password',
    severity: 'medium',
    title: 'Passwordless sudo account',
  }),
};

/** Reports backdoors and startup code. */
export const persistence: IntegrityCheck = function* (image) {
  for (const sign of image.signs) {
    const known = Object.hasOwn(rules, sign.sign) ? rules[sign.sign]?.(sign, image) : undefined;
    if (!known || !image.tree.isShown(sign.path, sign.layer)) continue;
    if (isAsPackaged(image, sign.path, sign.layer)) continue;
    const { path, layer, confidence, evidence } = sign;
    yield integrityFinding({ ...known, path, layer, confidence, evidence });
  }
  yield* addedStarts(image);
};

function evaluateDownload({ path, evidence }: LayerSign): ReturnType<Rule> {
  const title = 'Download-and-execute command (curl | sh)';
  if (isCronJob(path)) return { id: 'cron-download-and-run', severity: 'critical', title };
  if (isStarted(path)) return { id: 'startup-download-and-run', severity: 'high', title };
  const severity: Severity = evidence['isEncrypted'] === true ? 'low' : 'medium';
  return { id: 'script-download-and-run', severity, title };
}

function loadsOnlyPackaged({ evidence }: LayerSign, { view, ownership }: EvaluatedImage): boolean {
  return (evidence['libraries'] as string[]).every((library) => {
    const found = view.lookup(library);
    return found !== undefined && ownership.isDistributed(found.entry.path);
  });
}

const startedFile =
  /^(etc\/(cron\.(d|hourly|daily|weekly|monthly)|periodic\/(15min|hourly|daily|weekly|monthly)|crontabs|init\.d|local\.d|profile\.d|systemd\/(system|user))|var\/spool\/cron|(usr\/)?lib\/systemd\/system)\/(?:[^/.\n][^/\n]{0,255}\/){0,8}[^/.\n][^/\n]{0,255}$|^etc\/(crontab|rc\.local)$/;

/** Jobs and services that layers above the distribution's added without a package. */
function* addedStarts({ tree, ownership, spans }: EvaluatedImage): Generator<Finding> {
  const base = Math.min(...spans.databases.map(({ from }) => from));
  if (!ownership.isComplete) return;
  for (const { entry, layer } of tree.shown.values()) {
    if (layer <= base || entry.type !== 'file') continue;
    const { path } = entry;
    if (!startedFile.test(path) || ownership.isDistributed(path)) continue;
    yield integrityFinding({
      id: isCronJob(path) ? 'unowned-cron-job' : 'unowned-service',
      severity: 'low',
      title: 'Cron job or service not owned by any package',
      path,
      layer,
      evidence: { sha256: entry.sha256 ?? null },
    });
  }
}
