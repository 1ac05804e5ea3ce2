import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const dotnet: Target = {
  name: 'dotnet',
  run: (input) =>
    readFiles(input, 'app/Acme.Widgets.dll', 'app/Shop.exe', 'app/shop.deps.json', 'app/packages.lock.json'),
};
