import type { Upload } from '../pipelines/pipeline-intake.js';
import type { NoticeBatch } from '../registry/registry-intake.js';

/** A webhook as the spool keeps it: authenticated and parsed, without secrets. */
export type SpooledHook = { kind: 'registry'; delivery: NoticeBatch } | { kind: 'pipeline'; upload: Upload };

/** The reports of one upload share their document. */
interface UploadEntry extends Omit<Upload, 'reports'> {
  content: string;
  reports: Omit<Upload['reports'][number], 'content'>[];
}

type HookEntry = { kind: 'registry'; delivery: NoticeBatch } | { kind: 'pipeline'; upload: UploadEntry };

/** The entry of a webhook, in JSON. */
export function hookEntry(hook: SpooledHook): Buffer {
  return Buffer.from(
    JSON.stringify(hook.kind === 'registry' ? hook : { kind: hook.kind, upload: packed(hook.upload) }),
  );
}

export function readHookEntry(content: Uint8Array): SpooledHook {
  const entry = JSON.parse(Buffer.from(content).toString('utf8')) as HookEntry;
  if (entry.kind === 'registry') return entry;
  const { content: text, reports, ...upload } = entry.upload;
  const document = Buffer.from(text, 'base64');
  return { kind: 'pipeline', upload: { ...upload, reports: reports.map((each) => ({ ...each, content: document })) } };
}

function packed({ reports, ...upload }: Upload): UploadEntry {
  const [first] = reports;
  return {
    ...upload,
    content: first?.content.toString('base64') ?? '',
    reports: reports.map(({ content: _, ...report }) => report),
  };
}
