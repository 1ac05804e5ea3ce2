import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { InvalidInput, version } from '@tidewaiter/domain';
import { reportFormats } from '@tidewaiter/reports';
import { type Image, StoredReports } from '@tidewaiter/store';
import type { z } from 'zod';

import { StoredVerdicts } from '../gate/stored-verdicts.js';
import { Operation } from '../http/operation.js';
import { mediaTypes, reportQuery } from './report-schemas.js';

/** Bills of materials, VEX and findings of a stored image, in the formats of `tidewaiter scan`. */
@Controller('api/v1/report')
export class ReportsController {
  constructor(
    private readonly verdicts: StoredVerdicts,
    private readonly reports: StoredReports,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'An image as CycloneDX, SPDX, OpenVEX, SARIF, JUnit, GitLab report or CSV',
    mediaType: 'application/json',
  })
  async report(
    @Query({ schema: reportQuery }) { image: reference, format, platform }: z.output<typeof reportQuery>,
  ): Promise<StreamableFile> {
    const { push, images, evaluation } = await this.verdicts.of(reference);
    const image = imageFor(images, platform);
    const report = await this.reports.of(reference, { push, image }, evaluation);
    const renderer = reportFormats.find(({ name }) => name === format)!;
    const text = renderer.render(report, { width: 120, isColored: false, toolVersion: version });
    return new StreamableFile(Buffer.from(text), {
      type: mediaTypes[format],
      disposition: `attachment; filename="${format}.${extensions[format] ?? 'json'}"`,
    });
  }
}

const extensions: Partial<Record<keyof typeof mediaTypes, string>> = { csv: 'csv', junit: 'xml' };

/** @throws InvalidInput `NO_PLATFORM` */
function imageFor(images: readonly Image[], platform: string | undefined): Image {
  const fitting = platform === undefined ? images : images.filter((each) => each.platform === platform);
  const [image] = fitting;
  if (image && fitting.length === 1) return image;
  const platforms = images.map((each) => each.platform).join(', ');
  throw new InvalidInput('NO_PLATFORM', `choose one of the platforms: ${platforms || 'the image was not read'}`);
}
