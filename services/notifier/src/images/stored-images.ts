import { Injectable } from '@nestjs/common';
import { type Alert, NotFound, version } from '@tidewaiter/domain';
import type { OutgoingImage } from '@tidewaiter/receivers';
import { reportFormats } from '@tidewaiter/reports';
import { type Image, Images, Pushes, StoredReports, Verdicts } from '@tidewaiter/store';

const cyclonedx = reportFormats.find(({ name }) => name === 'cyclonedx')!;

/** Platform of an index whose packages stand for all. */
const usualPlatform = 'linux/amd64';

/** Reads the images that deliveries name. */
@Injectable()
export class StoredImages {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly verdicts: Verdicts,
    private readonly reports: StoredReports,
  ) {}

  /**
   * The image of a delivery, with the findings that count now; undefined for other deliveries.
   * @throws NotFound `PUSH_UNKNOWN`
   */
  async of(alerts: readonly Alert[]): Promise<OutgoingImage | undefined> {
    const { kind, push: id } = alerts[0]?.labels ?? {};
    if (kind !== 'image' || id === undefined) return undefined;
    const push = await this.pushes.get(id);
    const images = push ? await this.images.ofPush(id) : [];
    const image = images.find(({ platform }) => platform === usualPlatform) ?? images[0];
    if (!push || !image) throw new NotFound('PUSH_UNKNOWN', `the push ${id} is not stored any more`);
    const evaluation = await this.verdicts.of(push, images, await this.pushes.warnings(id));
    const name = `${push.registryHost ?? push.connection}/${push.repository}`;
    const digest = push.digest ?? image.digest;
    const label = push.tag ?? digest;
    const reference = push.tag === null ? `${name}@${digest}` : `${name}:${push.tag}`;
    const report = await this.reports.of(reference, { push, image }, evaluation);
    return {
      ...{ name, version: label, digest, revision: revisionOf(image) },
      analyzedAt: (image.analyzedAt ?? push.receivedAt).toISOString(),
      bom: cyclonedx.render(report, { width: 120, isColored: false, toolVersion: version }),
      // A finding of several platforms is one.
      findings: [...new Map(evaluation.findings.map((finding) => [finding.fingerprint, finding])).values()],
    };
  }
}

function revisionOf({ labels }: Image): string | null {
  return labels['org.opencontainers.image.revision'] ?? null;
}
