import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';
import { withZipChecksums } from '../zip-checksums.ts';

export const java: Target = {
  name: 'java',
  run: (input) => readFiles(input, 'opt/app.jar', 'opt/app.ear', 'opt/META-INF/maven/g/a/pom.properties'),
  repair: withZipChecksums,
};
