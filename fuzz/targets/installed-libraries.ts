import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const installedLibraries: Target = {
  name: 'installed-libraries',
  run: (input) =>
    readFiles(
      input,
      'usr/lib/ruby/gems/3.2.0/specifications/rack-3.1.20.gemspec',
      'app/vendor/composer/installed.json',
      'opt/conda/conda-meta/certifi.json',
      'usr/lib/R/library/digest/DESCRIPTION',
      'usr/lib/erlang/lib/crypto-5.4/ebin/crypto.app',
      'usr/local/lib/luarocks/rocks-5.3/tide-gauge/1.0-2/tide-gauge-1.0-2.rockspec',
      'usr/lib/perl5/perllocal.pod',
      'wp-includes/version.php',
    ),
};
