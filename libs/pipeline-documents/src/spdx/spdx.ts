import { unknownRun } from '@tidewaiter/domain';

import { type DocumentKind, invalidDocument } from '../document-kind.js';
import type { BuiltImageName } from '../image-name.js';
import { imageOfPurl } from '../image-purl.js';
import { countPackages } from '../sbom-packages.js';
import { spdx2 } from './spdx2.js';
import { spdx3 } from './spdx3.js';

const editions = [spdx2, spdx3];
const title = 'SPDX SBOM';

export const spdx: DocumentKind = {
  format: 'spdx',
  title,
  recognizes: (document) => editions.some((edition) => edition.recognizes(document)),
  read(document, content) {
    const edition = editions.find((each) => each.recognizes(document))!;
    const problem = edition.problemOf(document);
    if (problem !== null) throw invalidDocument(title, problem);
    return {
      kind: 'sbom',
      mediaType: 'application/spdx+json',
      version: edition.versionOf(document),
      subjects: edition.subjectsOf(document),
      isBound: false,
      image:
        edition
          .purlsOf(document)
          .map(imageOfPurl)
          .find((image): image is BuiltImageName => image !== null) ?? null,
      run: unknownRun,
      packages: countPackages(content, title),
      builder: null,
    };
  },
};
