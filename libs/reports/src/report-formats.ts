import { csv } from './csv/csv.js';
import { cyclonedx } from './cyclonedx/cyclonedx.js';
import { github } from './github/github.js';
import { gitlab } from './gitlab/gitlab.js';
import { json } from './json/json.js';
import { junit } from './junit/junit.js';
import { openvex } from './openvex/openvex.js';
import type { ReportFormat } from './report.js';
import { sarif } from './sarif/sarif.js';
import { spdx } from './spdx/spdx.js';
import { table } from './table/table.js';

/** All report formats, one per line. */
export const reportFormats: readonly ReportFormat[] = [
  table,
  json,
  cyclonedx,
  spdx,
  openvex,
  sarif,
  junit,
  github,
  gitlab,
  csv,
];
