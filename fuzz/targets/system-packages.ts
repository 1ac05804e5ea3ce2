import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const systemPackages: Target = {
  name: 'system-packages',
  run: (input) =>
    readFiles(
      input,
      'var/lib/pacman/local/tide-gauge-1:2.4.1-3/desc',
      'usr/lib/opkg/status',
      'var/db/pkg/app-shells/bash-5.2_p26-r3/PF',
      'home/linuxbrew/.linuxbrew/Cellar/jq/1.7.1/INSTALL_RECEIPT.json',
      'snap/lxd/24322/meta/snap.yaml',
      `var/lib/flatpak/app/a.b.C/x86_64/stable/${'0'.repeat(64)}/files/share/metainfo/a.b.C.metainfo.xml`,
    ),
};
