import { Injectable } from '@nestjs/common';
import type { ImageEvaluation } from '@tidewaiter/policy';
import type { Report } from '@tidewaiter/reports';

import type { ImageFinding } from '../images/findings.js';
import { type Image, Images } from '../images/images.js';
import type { Push } from '../images/pushes/pushes.js';
import { Verdicts } from '../images/pushes/verdicts.js';
import { storedReport } from './stored-report.js';

/** Reports of stored images, as `tidewaiter scan` makes them. */
@Injectable()
export class StoredReports {
  constructor(
    private readonly images: Images,
    private readonly verdicts: Verdicts,
  ) {}

  /** Report of one image of an evaluated push, under the requested name. */
  async of(
    reference: string,
    { push, image }: { push: Push; image: Image },
    evaluation: ImageEvaluation<ImageFinding>,
  ): Promise<Report> {
    const [packages, layers] = await Promise.all([
      this.images.packages(image.digest),
      this.images.layerList(image.digest),
    ]);
    const dates = await this.verdicts.datesOf([image]);
    return storedReport(reference, { push, image, layers, packages, ...dates }, evaluation);
  }
}
