import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const python: Target = {
  name: 'python',
  run: (input) =>
    readFiles(
      input,
      'usr/lib/python3/dist-packages/six-1.17.0.dist-info/METADATA',
      'usr/lib/python3/dist-packages/flask-3.1.3.dist-info/RECORD',
      'usr/lib/python3/dist-packages/wsgiref.egg-info',
      'app/example.egg',
      'app/requirements.txt',
      'app/pip/_vendor/vendor.txt',
      'app/tool.pyz',
    ),
};
